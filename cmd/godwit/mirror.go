package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// mirrorOptions are what the commands about carrying posts over take.
type mirrorOptions struct {
	as      string
	archive string
	json    bool
	yes     bool
	wait    bool
	dryRun  bool
	post    string
	limit   int
	failed  bool
	bare    bool // without their files
	rules   rulesFlags
}

func (a *app) mirrorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mirror", Short: "Carry your posts over, each exactly once, and undo that again", Args: cobra.NoArgs,
		Long: `Carry the posts of an export over to your account: your own posts and threads at first, others when you choose
them; never deleted ones, and never ones that not everybody could read. Nobody is notified. They appear on your
profile, quietly, with their old dates where the server can keep them.

It needs the export where it lies until it is done, and one more permission: godwit login --posts SERVER.
"godwit mirror preview" shows every post as it will look, "godwit mirror start" carries them over at a pace that
leaves most of what the server allows to yourself: it stops with status 3 when the rest has to wait, and the same
command, or "godwit serve", goes on.`,
		Example: "  godwit login --posts @me@example.social\n  godwit mirror preview --since 2018-01-01 --without-word password\n  godwit mirror start\n  godwit mirror undo",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.mirrorPreviewCommand(), a.mirrorStartCommand(), a.mirrorStatusCommand(), a.mirrorUndoCommand(),
		a.mirrorOrder("pause", "Send nothing any more until resume", (*mirroring).pause),
		a.mirrorOrder("resume", "Let a paused carrying over go on", (*mirroring).resume),
		a.mirrorOrder("stop", "End it for good; what was sent stays, and can be undone", (*mirroring).stop),
		a.mirrorRetryCommand(), a.mirrorLiveCommand())
	return cmd
}

// mirrorWith is a command about one Mirror.
func (a *app) mirrorWith(use, short, example string, o *mirrorOptions, do func(*mirroring, context.Context) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs, Example: "  godwit mirror " + example,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.mirrorDo(cmd, o, do) },
	}
	cmd.Flags().StringVar(&o.as, "as", "", "the `ACCOUNT` (user@host) to carry over to, when there are several")
	cmd.Flags().StringVar(&o.archive, "archive", "", "the export at `PATH`, when there are several or it has moved")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON lines")
	return cmd
}

func (a *app) mirrorDo(cmd *cobra.Command, o *mirrorOptions, do func(*mirroring, context.Context) error) error {
	ctx := cmd.Context()
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	d, err := h.destination(ctx, o.as)
	if err != nil {
		return err
	}
	m := &mirroring{house: h, d: d, o: o, flags: cmd.Flags(), started: time.Now()}
	if err := m.choose(ctx); err != nil {
		return err
	}
	return do(m, ctx)
}

func (a *app) mirrorPreviewCommand() *cobra.Command {
	o := &mirrorOptions{}
	cmd := a.mirrorWith("preview", "Show which posts would be carried over, and how they will look; send nothing", "preview --limit 5 --reposts", o, (*mirroring).preview)
	o.showFlags(cmd.Flags())
	o.rules.add(cmd.Flags())
	return cmd
}

// showFlags are those of everything that shows posts.
func (o *mirrorOptions) showFlags(f *pflag.FlagSet) {
	f.StringVar(&o.post, "post", "", "only the post with this `ID`")
	f.IntVar(&o.limit, "limit", 10, "how many posts are shown, 0 for all")
}

func (a *app) mirrorStartCommand() *cobra.Command {
	o := &mirrorOptions{}
	cmd := a.mirrorWith("start", "Carry the posts over, or go on with that", "start --yes", o, (*mirroring).start)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "the same as preview")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "stay until the very last one, for days if need be")
	o.showFlags(cmd.Flags())
	o.rules.add(cmd.Flags())
	return cmd
}

func (a *app) mirrorStatusCommand() *cobra.Command {
	o := &mirrorOptions{}
	cmd := a.mirrorWith("status", "Show how far it is, and every post with where it stands now", "status --failed", o, (*mirroring).status)
	cmd.Flags().BoolVar(&o.failed, "failed", false, "only the posts that could not be carried over")
	o.showFlags(cmd.Flags())
	return cmd
}

func (a *app) mirrorUndoCommand() *cobra.Command {
	o := &mirrorOptions{}
	cmd := a.mirrorWith("undo", "Delete what Godwit posted, and nothing else", "undo", o, (*mirroring).undo)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "stay until the very last one")
	return cmd
}

func (a *app) mirrorRetryCommand() *cobra.Command {
	o := &mirrorOptions{}
	cmd := a.mirrorWith("retry", "Try again what could not be carried over", "retry --without-files", o, (*mirroring).retry)
	cmd.Flags().BoolVar(&o.bare, "without-files", false, "without the pictures and videos that were refused or are lost")
	return cmd
}

func (a *app) mirrorOrder(name, short string, do func(*mirroring, context.Context) error) *cobra.Command {
	return a.mirrorWith(name, short, name, &mirrorOptions{}, do)
}

// rulesFlags are the choices of which posts, and how they are written.
type rulesFlags struct {
	rules        social.MirrorRules
	since, until string
	visibility   string
	date         string
	mentions     string
	warnings     []string
}

func (f *rulesFlags) add(flags *pflag.FlagSet) {
	r := &f.rules
	flags.BoolVar(&r.Replies, "replies", false, "also replies to other people")
	flags.BoolVar(&r.Reposts, "reposts", false, "also what you reposted, as a link")
	flags.BoolVar(&r.Quotes, "quotes", false, "also posts that quote other people's")
	flags.BoolVar(&r.Sensitive, "sensitive", false, "also posts that are marked as sensitive")
	flags.BoolVar(&r.Community, "community", false, "also posts that were written for a community")
	flags.BoolVar(&r.Followers, "protected", false, "of a protected account: yes, for followers only")
	flags.StringVar(&f.since, "since", "", "from this `DAY` on, YYYY-MM-DD")
	flags.StringVar(&f.until, "until", "", "up to this `DAY`, YYYY-MM-DD, which is in")
	flags.StringSliceVar(&r.WithTags, "tag", nil, "only with one of these tags")
	flags.StringSliceVar(&r.WithoutTags, "without-tag", nil, "with none of these tags")
	flags.StringArrayVar(&r.WithWords, "word", nil, "only with one of these words or phrases")
	flags.StringArrayVar(&r.WithoutWords, "without-word", nil, "with none of these words or phrases")
	flags.StringSliceVar(&r.Languages, "language", nil, "only in one of these languages, such as en,de")
	flags.IntVar(&r.Likes, "min-likes", 0, "only with so many likes at least")
	flags.IntVar(&r.Reposted, "min-reposts", 0, "only with so many reposts at least")
	flags.StringVar(&f.visibility, "visibility", string(social.VisibleUnlisted), "who can read them: public, unlisted or private (followers)")
	flags.StringVar(&f.date, "date", string(social.DateLast), "where the original date stands, on servers that keep none: top, bottom or none")
	flags.StringVar(&r.Zone, "zone", "", "the time zone of these dates, such as Europe/Vienna")
	flags.BoolVar(&r.Numbered, "numbered", false, "mark the parts of a long post 1/3")
	flags.StringVar(&f.mentions, "mentions", string(social.MentionLink), "how people without a known new address are named: link or name")
	flags.StringArrayVar(&f.warnings, "warn", nil, "a content warning before posts with a word or #tag: `WORD=WARNING`")
	flags.StringVar(&r.SensitiveWarning, "sensitive-warning", "", "the content warning before sensitive posts")
}

// names are the flags that change a plan.
func (f *rulesFlags) given(flags *pflag.FlagSet) bool {
	mine := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&rulesFlags{}).add(mine)
	given := false
	mine.VisitAll(func(flag *pflag.Flag) { given = given || flags.Changed(flag.Name) })
	return given
}

// read checks the flags and makes rules of them, in the words of a language.
func (f *rulesFlags) read(locale string) (social.MirrorRules, error) {
	r := f.rules
	base := bridge.DefaultRules(locale)
	r.Words = base.Words
	var err error
	if r.From, err = dayOf(f.since, "--since", 0); err != nil {
		return r, err
	}
	if r.Until, err = dayOf(f.until, "--until", 1); err != nil {
		return r, err
	}
	if _, err := time.LoadLocation(r.Zone); err != nil {
		return r, usage("bad-zone", "--zone takes a name such as Europe/Vienna.")
	}
	if !slices.Contains([]string{"public", "unlisted", "private"}, f.visibility) {
		return r, usage("bad-visibility", "--visibility takes public, unlisted or private.")
	}
	if f.mentions != string(social.MentionLink) && f.mentions != string(social.MentionName) {
		return r, usage("bad-mentions", "--mentions takes link or name.")
	}
	places := map[string]social.DatePlace{"top": social.DateFirst, "bottom": social.DateLast, "none": social.DateNowhere}
	place, ok := places[f.date]
	if !ok {
		return r, usage("bad-date", "--date takes top, bottom or none.")
	}
	r.Visibility, r.Mentions, r.DatePlace = social.Visibility(f.visibility), social.MentionForm(f.mentions), place
	for _, w := range f.warnings {
		word, warning, ok := strings.Cut(w, "=")
		if !ok || word == "" || warning == "" {
			return r, usage("bad-warn", "--warn takes a word and a warning, such as --warn '#politics=Politics'.")
		}
		r.Warnings = append(r.Warnings, social.WarningRule{Word: word, Warning: warning})
	}
	return r, nil
}

// dayOf reads a day, and some days more.
func dayOf(text, flag string, more int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, usage("bad-day", "{flag} takes a day, such as 2019-07-31.", "flag", flag)
	}
	return at.AddDate(0, 0, more), nil
}

// noPosts says that there is no export with posts.
func noPosts() error {
	return fault.New(fault.Invalid, "no-posts", "No export with posts was read yet. Run godwit import with your archive first.")
}
