// Command bench measures Godwit and prints a table. It compares only what was
// measured in the same run on the same machine, and it judges nothing: a figure
// that misses its aim is said to, and the exit status is 0 all the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit statuses, as those of godwit.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command: the table goes to stdout, what is being measured to
// stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 2 && tasks[args[0]] != nil {
		return runTask(ctx, args[0], args[1], stdout, stderr)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure this `name` only: "+strings.Join(names(), ", "))
	short := flags.Bool("short", false, "small sizes, to see that everything works; the figures tell little")
	long := flags.Bool("long", false, "also ten times the posts, which takes some minutes and GB")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitDone
	} else if err != nil {
		return exitUsage
	}
	chosen := choose(*only)
	if len(chosen) == 0 || flags.NArg() > 0 {
		fmt.Fprintf(stderr, "There is nothing of that name to measure. There are: %s.\n", strings.Join(names(), ", "))
		return exitUsage
	}
	return report(ctx, chosen, *short, *long, stdout, stderr)
}

// report measures and prints what came out, also when a part of it failed.
func report(ctx context.Context, chosen []benchmark, short, long bool, stdout, stderr io.Writer) int {
	b, err := newBench(short, stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	defer b.close()
	b.long = long
	rows, err := b.measure(ctx, chosen)
	writeTable(stdout, rows)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "Stopped before the end.")
		return exitStopped
	case err != nil:
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	return exitDone
}
