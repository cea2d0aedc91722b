package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// liveOptions are what the commands about new posts take.
type liveOptions struct {
	mirrorOptions
	delay   time.Duration
	byHand  bool
	mine    bool
	all     bool
	maxCost string
}

func (a *app) mirrorLiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "live", Short: "Carry over what you post elsewhere from now on", Args: cobra.NoArgs,
		Long: `Carry over what you post elsewhere from now on: on a page with an RSS, Atom or JSON feed, on Bluesky, on Truth
Social, Gab or a Mastodon server (with a token that is read from standard input and kept encrypted), or on X with
an app of your own, for which X takes money.

Nothing that stands there already is carried over, and nothing that you delete before --delay is over. "godwit
serve" looks again and again; "godwit mirror live look" looks once.`,
		Example: "  godwit mirror live add feed https://blog.example --mine\n  godwit mirror live add bluesky you.bsky.social --delay 15m --stop-by-hand --mine\n  godwit mirror live add mastodon truthsocial.com < token.txt\n  godwit mirror live list",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.liveAddCommand(), a.liveListCommand(), a.liveLookCommand(),
		a.liveOrder("pause", "Look at nothing and send nothing until resume", (*living).pause),
		a.liveOrder("resume", "Go on with what comes from now on; with --all also with what was too much at once", (*living).resume),
		a.liveOrder("stop", "End it for good; what was carried over stays", (*living).stop),
		a.liveOrder("undo", "Delete what was carried over", (*living).undo))
	return cmd
}

// living is one run of a command about live Mirrors.
type living struct {
	mirroring
	o     *liveOptions
	live  social.Live
	token social.Secret
}

func (a *app) liveAddCommand() *cobra.Command {
	o := &liveOptions{}
	cmd := &cobra.Command{
		Use: "add feed|bluesky|mastodon|x WHERE", Short: "Begin to carry over what is new there", Args: cobra.ExactArgs(2),
		Example: "  godwit mirror live add feed https://blog.example --mine",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.liveDo(cmd, o, func(l *living, ctx context.Context) error { return l.add(ctx, social.LiveKind(args[0]), args[1]) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.as, "as", "", "the `ACCOUNT` (user@host) to carry over to, when there are several")
	f.DurationVar(&o.delay, "delay", 5*time.Minute, "how long to wait before a post is carried over; one that is deleted by then never is")
	f.BoolVar(&o.byHand, "stop-by-hand", false, "stop when you post there yourself")
	f.BoolVar(&o.mine, "mine", false, "say that the posts there are your own")
	f.StringVar(&o.maxCost, "max-cost", "", "of X: how many `DOLLARS` all looks may cost at most")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say where it leads and what the server's rules are")
	f.BoolVar(&o.yes, "yes", false, "don't ask")
	o.rules.add(f)
	return cmd
}

func (a *app) liveDo(cmd *cobra.Command, o *liveOptions, do func(*living, context.Context) error) error {
	ctx := cmd.Context()
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	return do(&living{mirroring: mirroring{house: h, o: &o.mirrorOptions, flags: cmd.Flags(), started: time.Now()}, o: o}, ctx)
}

// add finds the place, plans and, when the person has seen the server's rules,
// starts.
func (l *living) add(ctx context.Context, kind social.LiveKind, where string) (err error) {
	if l.d, err = l.destination(ctx, l.o.as); err != nil {
		return err
	}
	if l.o.delay < 0 || l.o.delay > maxLiveDelay {
		return usage("bad-delay", "--delay takes up to a week, such as 15m or 2h.")
	}
	rules, err := l.o.rules.read(l.user.Locale)
	if err != nil {
		return err
	}
	if !l.flags.Changed("date") {
		rules.DatePlace = social.DateNowhere
	}
	if err := l.find(ctx, kind, where); err != nil {
		return err
	}
	l.live.UserID, l.live.Since, l.live.Delay, l.live.ByHand = l.user.ID, time.Now().UTC(), l.o.delay, l.o.byHand
	return l.save(ctx, rules)
}

// find asks outside what the person named.
func (l *living) find(ctx context.Context, kind social.LiveKind, where string) error {
	var most social.Cost
	var err error
	if kind == social.LiveX {
		if most, err = l.askCost(l.o.maxCost); err != nil {
			return err
		}
	}
	if kind == social.LiveMastodon || kind == social.LiveX {
		token, err := l.readSecret("Token: ")
		if err != nil {
			return err
		}
		l.token = social.NewSecret(token)
	}
	l.live, err = l.worker.FindLive(ctx, l.d, kind, where, l.token)
	l.live.Most = most
	return err
}

func (l *living) save(ctx context.Context, rules social.MirrorRules) (err error) {
	fmt.Fprintf(l.stderr, "From %s (%s) to @%s.\n", social.Printable(l.live.Name, 80), social.Printable(l.live.Page, 200), l.d.Handle)
	if l.live.Kind != social.LiveMastodon && !l.o.mine {
		return fault.New(fault.Invalid, "live-not-mine-cli", "Only posts of your own can be carried over. Say with --mine that they are yours; nothing was changed.")
	}
	if l.m, err = l.store.SaveLive(ctx, l.d.ID, l.live, l.token, rules, time.Now().UTC()); err != nil {
		return err
	}
	if err := l.untilPlanned(ctx); err != nil {
		return err
	}
	if l.o.dryRun {
		l.sayRules()
		return nil
	}
	if err := l.agreed(); err != nil {
		return err
	}
	if err := l.store.StartMirror(ctx, l.user.ID, l.m.ID, time.Now().UTC()); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%d  New posts of %s are carried over from now on, as long as \"godwit serve\" runs, or with godwit mirror live look.\n", l.m.ID, social.Printable(l.live.Name, 80))
	return nil
}

// agreed reports that posting is permitted, and wanted after the rules were seen.
func (l *living) agreed() error {
	if err := l.permitted(); err != nil || l.o.yes {
		return err
	}
	l.sayRules()
	fmt.Fprint(l.stderr, "Type the word start to go on: ")
	if !l.typed("start") {
		return fault.New(fault.Invalid, "not-confirmed", "Nothing was sent. Type the word start to go on, or use --yes.")
	}
	return nil
}

func (a *app) liveListCommand() *cobra.Command {
	o := &liveOptions{}
	cmd := &cobra.Command{
		Use: "list", Short: "Show where new posts come from, when it was looked, and what went wrong", Args: cobra.NoArgs,
		Example: "  godwit mirror live list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.liveDo(cmd, o, (*living).list)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON lines")
	return cmd
}

// liveLine is the JSON line of one live Mirror.
type liveLine struct {
	ID      int64                    `json:"id"`
	Kind    social.LiveKind          `json:"kind"`
	Name    string                   `json:"name"`
	To      string                   `json:"to"`
	State   social.MirrorState       `json:"state"`
	Stopped string                   `json:"stopped,omitempty"` // why
	Looked  string                   `json:"looked,omitempty"`
	Next    string                   `json:"next,omitempty"`
	Error   string                   `json:"error,omitempty"` // of the last look
	Spent   string                   `json:"spent,omitempty"`
	Posts   map[social.LiveState]int `json:"posts"`
}

func (l *living) list(ctx context.Context) error {
	lives, err := l.store.ListLives(ctx, l.user.ID)
	if err != nil {
		return err
	}
	if len(lives) == 0 && !l.o.json {
		fmt.Fprintln(l.stdout, "Nothing is looked at yet. Begin with godwit mirror live add.")
	}
	for _, one := range lives {
		line, err := l.line(ctx, one)
		if err != nil {
			return err
		}
		if l.o.json {
			if err := encoder(l.stdout).Encode(line); err != nil {
				return err
			}
			continue
		}
		l.print(line)
	}
	return nil
}

func (l *living) line(ctx context.Context, one social.Live) (x liveLine, err error) {
	m, err := l.store.GetMirror(ctx, l.user.ID, one.MirrorID)
	if err != nil {
		return x, err
	}
	d, err := l.store.GetDestination(ctx, l.user.ID, m.DestinationID)
	if err != nil {
		return x, err
	}
	x = liveLine{ID: m.ID, Kind: one.Kind, Name: one.Name, To: d.Handle.String(), State: m.State, Stopped: m.FaultSay, Error: one.FaultSay, Looked: stamp(one.LookedAt)}
	if m.State == social.MirrorRunning {
		x.Next = stamp(one.NextAt)
	}
	if one.Kind == social.LiveX {
		x.Spent = one.Spent.String()
	}
	x.Posts, err = l.store.LiveCounts(ctx, l.user.ID, m.ID)
	return x, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (l *living) print(x liveLine) {
	state := string(x.State)
	if state == "" {
		state = "not started"
	}
	fmt.Fprintf(l.stdout, "%d  %s %s → @%s: %s, %d carried over, %d waiting\n", x.ID, x.Kind, social.Printable(x.Name, 80), x.To, state,
		x.Posts[social.LiveTaken], x.Posts[social.LiveWaiting]+x.Posts[social.LiveHeld])
	for _, part := range [][2]string{{"last look", x.Looked}, {"next look", x.Next}, {"stopped", x.Stopped}, {"last look failed", x.Error}, {"cost so far", x.Spent}} {
		if part[1] != "" {
			fmt.Fprintf(l.stdout, "   %s: %s\n", part[0], part[1])
		}
	}
}

func (a *app) liveLookCommand() *cobra.Command {
	o := &liveOptions{}
	return &cobra.Command{
		Use: "look", Short: "Look wherever it is time to, and carry over what is new and due", Args: cobra.NoArgs,
		Example: "  godwit mirror live look",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.liveDo(cmd, o, (*living).look)
		},
	}
}

// look works until nothing is due soon.
func (l *living) look(ctx context.Context) error {
	kinds := []social.TaskKind{social.LiveTask, social.MirrorTask}
	err := l.work(ctx, only{l.store, kinds}, func(ctx context.Context) (bool, error) {
		due, err := l.store.NextDue(ctx, kinds...)
		return due.IsZero() || time.Until(due) > patience, err
	})
	if err != nil {
		return err
	}
	return l.list(ctx)
}

func (a *app) liveOrder(name, short string, do func(*living, context.Context) error) *cobra.Command {
	o := &liveOptions{}
	cmd := &cobra.Command{
		Use: name + " [ID]", Short: short, Args: cobra.MaximumNArgs(1), Example: "  godwit mirror live " + name + " 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.liveDo(cmd, o, func(l *living, ctx context.Context) error {
				if err := l.choose(ctx, args); err != nil {
					return err
				}
				if err := do(l, ctx); err != nil {
					return err
				}
				return l.list(ctx)
			})
		},
	}
	switch name {
	case "undo":
		cmd.Flags().BoolVar(&o.yes, "yes", false, "don't ask")
	case "resume":
		cmd.Flags().BoolVar(&o.all, "all", false, "also carry over what was too much at once")
	}
	return cmd
}

// choose finds the live Mirror that is meant: the one of the ID, or the only one.
func (l *living) choose(ctx context.Context, args []string) error {
	lives, err := l.store.ListLives(ctx, l.user.ID)
	if err != nil {
		return err
	}
	for _, one := range lives {
		if len(args) == 0 && len(lives) == 1 || len(args) == 1 && args[0] == strconv.FormatInt(one.MirrorID, 10) {
			l.live = one
			l.m.ID = one.MirrorID
			return l.reload(ctx)
		}
	}
	return fault.New(fault.Invalid, "which-live", "Say which one with its number: godwit mirror live list shows them.")
}

func (l *living) pause(ctx context.Context) error {
	return l.store.PauseMirror(ctx, l.user.ID, l.m.ID)
}

func (l *living) resume(ctx context.Context) error {
	now := time.Now().UTC()
	if l.o.all {
		if err := l.store.AcceptHeld(ctx, l.user.ID, l.m.ID, now); err != nil {
			return err
		}
	}
	return l.store.StartMirror(ctx, l.user.ID, l.m.ID, now)
}

func (l *living) stop(ctx context.Context) error {
	return l.store.StopMirror(ctx, l.user.ID, l.m.ID, time.Now().UTC())
}

// undo has everything deleted and works until that waits for long.
func (l *living) undo(ctx context.Context) error {
	c, err := l.store.MirrorCounts(ctx, l.user.ID, l.m.ID)
	if err != nil {
		return err
	}
	if n := c.Stands(); n > 0 && l.m.State != social.MirrorUndoing && !l.o.yes {
		fmt.Fprintf(l.stderr, "%s\nType the word undo to go on: ", bridge.SayUndo(n, time.Now()).English)
		if !l.typed("undo") {
			return fault.New(fault.Invalid, "not-confirmed", "Nothing was deleted. Type the word undo to go on, or use --yes.")
		}
	}
	if _, err := l.store.UndoMirror(ctx, l.user.ID, l.m.ID, time.Now().UTC()); err != nil {
		return err
	}
	return l.work(ctx, only{l.store, []social.TaskKind{social.MirrorTask}}, func(ctx context.Context) (bool, error) {
		due, err := l.store.DueAt(ctx, social.MirrorTask, l.m.DestinationID)
		return due.IsZero() || time.Until(due) > patience, err
	})
}

// maxLiveDelay bounds how long a post waits before it is carried over.
const maxLiveDelay = 7 * 24 * time.Hour
