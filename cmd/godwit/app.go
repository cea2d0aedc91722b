package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"godwit/internal/config"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// The exit statuses that scripts rely on.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 3 // before the end; the same command goes on
)

// version is the program's own, part of its User-Agent.
const version = "0.1"

// app is one run of the program. It has no other world than its fields, so
// that a test can run the whole program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	verbose        bool
	running        bool // a command's own work has begun: errors are no longer about usage
	service        bool // it runs for others or for long, and logs what an operator has to know
	cfg            config.Config
	world          func(*fedi.Options) // where the other servers are, when not on the Internet: the demo's, or a test's
}

// run runs one command and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{stdin: stdin, stdout: stdout, stderr: stderr}).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return a.status(ctx, root.ExecuteContext(ctx))
}

// root is the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "godwit",
		Short: "Bring your people with you: find and follow, in the fediverse, those you followed elsewhere",
		Example: `  godwit serve                          the pages, on this machine only
  godwit demo                           try everything without a network
  godwit import twitter-2026-11-20.zip  then: godwit match, godwit login SERVER, godwit follow`,
		SilenceErrors: true, SilenceUsage: true,
		Version: version,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "with an error, say its cause; log more")
	config.AddFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.start(cmd) }
	root.AddCommand(a.serveCommand(), a.workCommand(), a.demoCommand(), a.importCommand(), a.extractCommand(), a.matchCommand(),
		a.loginCommand(), a.followCommand(), a.mirrorCommand(), a.doctorCommand(), a.serverCommand(), a.migrateCommand(), a.configCommand(), a.exportCommand(), a.forgetCommand(),
		a.registerCommand(), a.registryCommand(), a.arrivalsCommand(), a.backupCommand())
	return root
}

// start reads the configuration before a command's own work.
func (a *app) start(cmd *cobra.Command) error {
	cfg, err := config.Load(cmd.Flags(), config.Here(a.stderr))
	if err != nil {
		return err
	}
	a.cfg, a.running = cfg, true
	// net/http prints what strangers sent through package log; there it becomes
	// one escaped line like every other (OPS-06), shown with -v.
	slog.SetDefault(a.logger())
	return nil
}

// logger writes one JSON object a line to standard error: a service's
// warnings, and with -v what the workers do. Other commands end with a sentence
// about what went wrong, which is enough for the person who waits for it.
func (a *app) logger() *slog.Logger {
	level := slog.LevelError
	switch {
	case a.verbose:
		level = slog.LevelInfo
	case a.service:
		level = slog.LevelWarn
	}
	return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}

// errStopped ends a command before its end; the same command goes on.
var errStopped = errors.New("stopped")

// errFailed ends a command that has already said what failed.
var errFailed = errors.New("failed")

// usage is an error of the command line itself.
func usage(code, say string, args ...string) error {
	return &usageError{fault.New(fault.Invalid, code, say, args...)}
}

type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// status says what went wrong, in one sentence for a person, and returns the
// exit status.
func (a *app) status(ctx context.Context, err error) int {
	var wrongUsage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errStopped), ctx.Err() != nil:
		return exitStopped
	case errors.Is(err, errFailed):
		return exitFailed
	case !a.running && fault.KindOf(err) == fault.Broken:
		fmt.Fprintf(a.stderr, "%s. See: godwit --help\n", social.Printable(err.Error(), social.MaxSay))
		return exitUsage
	}
	fmt.Fprintln(a.stderr, say(err))
	if a.verbose {
		fmt.Fprintln(a.stderr, "cause:", social.Printable(err.Error(), 1000))
	}
	if errors.As(err, &wrongUsage) || !a.running {
		return exitUsage
	}
	return exitFailed
}

// say is the sentence of err for somebody at a terminal, who is the operator
// too: a full disk is theirs to mend.
func say(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == "disk" {
		return "There is no room left on the disk for Godwit's data. What was there is kept; make room and run the same command again."
	}
	return fault.Say(err)
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && terminal(f.Fd())
}
