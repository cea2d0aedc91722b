// Command godwit moves a person's network to the fediverse: it reads what a
// platform gave its user, finds where each followed person now lives, and
// follows them from the new account.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"godwit/internal/config"
	"godwit/internal/worker"
)

func main() {
	debug.SetGCPercent(worker.GCPercent)
	if err := config.Harden(); err != nil {
		fmt.Fprintln(os.Stderr, "The process could not be kept private; it goes on all the same.")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
