package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/config"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/worker"
)

// apiOptions are what both commands take.
type apiOptions struct {
	json, wait bool
	maxCost    string // x-api
	user, v1   string // x-api
}

func (a *app) importXCommand() *cobra.Command {
	var o apiOptions
	cmd := &cobra.Command{
		Use: "x-api [following|followers|posts|names]...", Short: "Read X's API with your own X app; X takes money for it",
		Long: `Read X's API with an X app of your own, on your own machine. X takes money for every entry; Godwit says
how much before the first request that costs, asks how much it may be at most, and never goes beyond it.

  following   whom you follow, with names and profiles
  followers   who follows you
  posts       your own newest 3,200 posts, with the descriptions of pictures that no export has
  names       those you follow whom your export names by number only, a hundred at a time

The token is read from standard input and is not stored. One that stands for you (OAuth 2.0, scopes users.read
follows.read tweet.read) is cheapest: X takes a tenth for your own lists if the app is yours. With a token
that stands for the app only, say whose lists you mean with --user.

What was read is kept. A run that stops before the end goes on at the page where it stopped when you run the
same command again. Prices are GODWIT_X_PRICE_USER, GODWIT_X_PRICE_POST and GODWIT_X_PRICE_OWNED, in dollars.`,
		Example: "  godwit import x-api --max-cost 2 < token.txt\n  godwit import x-api names --max-cost 5 < token.txt\n  godwit import x-api following posts --v1 x-compatible.example --max-cost 0 < token.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importX(cmd.Context(), args, o)
		},
	}
	a.apiFlags(cmd, &o)
	cmd.Flags().StringVar(&o.maxCost, "max-cost", "", "how many `DOLLARS` it may cost at most, earlier runs that stopped included")
	cmd.Flags().StringVar(&o.user, "user", "", "with a token that stands for the app only: the `NAME` of the account on X")
	cmd.Flags().StringVar(&o.v1, "v1", "", "read a `HOST` that answers as X's API 1.1 did, instead of X itself")
	return cmd
}

func (a *app) importMastodonCommand() *cobra.Command {
	var o apiOptions
	cmd := &cobra.Command{
		Use: "mastodon-api SERVER [following|followers|posts]...", Short: "Read your lists and posts over the API of Truth Social, Gab or any Mastodon server",
		Long: `Read whom you follow and what you posted over a server's own API: of Truth Social and Gab, which give no
export, or of a server that is about to close. The token is read from standard input and is not stored.
People on Truth Social and Gab can't be followed from elsewhere; what they write about themselves may say where they are.`,
		Example: "  godwit import mastodon-api truthsocial.com < token.txt\n  godwit import mastodon-api gab.com following < token.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importMastodon(cmd.Context(), args[0], args[1:], o)
		},
	}
	a.apiFlags(cmd, &o)
	return cmd
}

func (a *app) apiFlags(cmd *cobra.Command, o *apiOptions) {
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON line for each list")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait whenever the server asks for time, instead of stopping")
}

// pulling is one run that reads lists over an API.
type pulling struct {
	*house
	options apiOptions
	from    worker.Lists
	prefix  string
	self    fedi.Listed
	each    func(social.PullKind) social.Cost
	most    social.Cost // that all lists of the run may cost
	pulls   []social.Pull
}

func (a *app) importX(ctx context.Context, kinds []string, o apiOptions) error {
	if a.cfg.OpenTo != config.Local {
		return fault.New(fault.Denied, "own-machine-only", "X allows an app's keys to be used by their owner only, so a Godwit that is open to others doesn't read X's API. Run Godwit on your own machine for it.")
	}
	lists, err := pullKinds(kinds, []social.PullKind{social.PullFollowing}, social.PullFollowing, social.PullFollowers, social.PullPosts, social.PullNames)
	if err != nil {
		return err
	}
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	r := &pulling{house: h, options: o, prefix: "x-api"}
	if r.most, err = h.askCost(o.maxCost); err != nil {
		return err
	}
	token, err := h.readSecret("Token: ")
	if err != nil {
		return err
	}
	if err := r.findX(ctx, social.NewSecret(token), lists); err != nil {
		return r.ending(err)
	}
	return r.run(ctx, lists, r.firstCost())
}

// xLists is what both versions of X's API can.
type xLists interface {
	worker.Lists
	Host() string
	Self(ctx context.Context, username string) (fedi.Listed, error)
}

// findX asks whose lists they are, which costs as much as looking somebody up.
func (r *pulling) findX(ctx context.Context, token social.Secret, kinds []social.PullKind) error {
	var from xLists = r.door.XAPI(token)
	if r.options.v1 != "" {
		r.prefix, from = "x-v1", r.door.X11(r.options.v1, token)
	}
	spent, err := r.store.PullsSpent(ctx, r.user.ID, from.Host(), kinds)
	if err != nil {
		return err
	}
	if spent+r.firstCost() > r.most {
		return capped(spent, r.most)
	}
	r.from = from
	r.self, err = from.Self(ctx, strings.TrimPrefix(r.options.user, "@"))
	r.each = r.xPrice
	return err
}

// firstCost is what it costs to ask whose lists they are.
func (r *pulling) firstCost() social.Cost { return r.cfg.XPrices.User }

// xPrice is what X takes for one entry of a list.
func (r *pulling) xPrice(kind social.PullKind) social.Cost {
	prices := r.cfg.XPrices
	switch {
	case kind != social.PullNames && r.options.user == "":
		return prices.Owned
	case kind == social.PullPosts:
		return prices.Post
	}
	return prices.User
}

// askCost says what X takes and how much it may be at most: what --max-cost
// says, else what the person answers at a terminal.
func (h *house) askCost(given string) (social.Cost, error) {
	p := h.cfg.XPrices
	fmt.Fprintf(h.stderr, "X takes money for its API: %s for 1,000 people or posts of your own lists if the app is yours, else %s for 1,000 people and %s for 1,000 posts, and %s to ask who you are.\n",
		1000*p.Owned, 1000*p.User, 1000*p.Post, p.User)
	if given == "" {
		if f, ok := h.stdin.(*os.File); !ok || !terminal(f.Fd()) {
			return 0, usage("no-max-cost", "Say with --max-cost how many dollars it may cost at most. Nothing was asked for.")
		}
		fmt.Fprint(h.stderr, "How many dollars may it cost at most? ")
		line, err := bufio.NewReader(io.LimitReader(h.stdin, maxToken)).ReadString('\n')
		if err != nil && err != io.EOF {
			return 0, err
		}
		given = line
	}
	most, err := social.ParseCost(given)
	if err != nil {
		return 0, usage("bad-max-cost", "What it may cost at most is an amount of dollars such as 2 or 0.50. Nothing was asked for.")
	}
	return most, nil
}

func (a *app) importMastodon(ctx context.Context, server string, kinds []string, o apiOptions) error {
	lists, err := pullKinds(kinds, []social.PullKind{social.PullFollowing, social.PullPosts}, social.PullFollowing, social.PullFollowers, social.PullPosts)
	if err != nil {
		return err
	}
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	host, err := social.ParseHost(server, h.door.Realm())
	if err != nil {
		return usage("bad-server", "SERVER is the name of a server, such as truthsocial.com.")
	}
	token, err := h.readSecret("Token: ")
	if err != nil {
		return err
	}
	from := h.door.Lists(host, social.NewSecret(token))
	r := &pulling{house: h, options: o, prefix: "mastodon-api", from: from, each: func(social.PullKind) social.Cost { return 0 }}
	if r.self, err = from.Self(ctx); err != nil {
		return err
	}
	return r.run(ctx, lists, 0)
}

// pullKinds are the lists that the arguments name, in the order in which they
// are read: names last, when the lists before are known.
func pullKinds(given []string, unsaid []social.PullKind, all ...social.PullKind) ([]social.PullKind, error) {
	for _, name := range given {
		if !slices.Contains(all, social.PullKind(name)) {
			return nil, usage("bad-list", "There is no list {name} to be read. Choose among {all}.", "name", social.Printable(name, 60), "all", fmt.Sprint(all))
		}
	}
	if len(given) == 0 {
		return unsaid, nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(k social.PullKind) bool { return !slices.Contains(given, string(k)) }), nil
}

// run reads the lists; first is what was spent to begin.
func (r *pulling) run(ctx context.Context, kinds []social.PullKind, first social.Cost) error {
	if err := r.begin(ctx, kinds, first); err != nil {
		return err
	}
	if err := r.sayEstimate(ctx); err != nil {
		return err
	}
	for i := range r.pulls {
		if err := r.list(ctx, i); err != nil {
			return err
		}
	}
	if r.paid() {
		fmt.Fprintf(r.stderr, "It cost about %s.\n", r.spent())
	}
	return nil
}

// begin finds where each list stands. Lists that were all read to their end are
// read anew.
func (r *pulling) begin(ctx context.Context, kinds []social.PullKind, first social.Cost) error {
	now, done := time.Now().UTC(), 0
	for _, kind := range kinds {
		p, err := r.store.BeginPull(ctx, social.Pull{UserID: r.user.ID, Host: r.from.Host(), AccountID: r.self.ID, Kind: kind}, now)
		if err != nil {
			return err
		}
		if p.Done {
			done++
		}
		r.pulls = append(r.pulls, p)
	}
	var err error
	for i := range r.pulls {
		if done == len(r.pulls) {
			if r.pulls[i], err = r.store.RestartPull(ctx, r.pulls[i], now); err != nil {
				return err
			}
		}
	}
	if first > 0 {
		r.pulls[0], err = r.store.ReservePull(ctx, r.pulls[0], first, now)
	}
	return err
}

func (r *pulling) paid() bool {
	return slices.ContainsFunc(r.pulls, func(p social.Pull) bool { return r.each(p.Kind) > 0 })
}

// spent is what all lists of this run cost so far.
func (r *pulling) spent() (sum social.Cost) {
	for _, p := range r.pulls {
		sum += p.Spent
	}
	return sum
}

// maxOwnPosts is how many of an account's posts X gives.
const maxOwnPosts = 3200

// left is about how many entries of a list are still to be read.
func (r *pulling) left(ctx context.Context, p social.Pull) (int, error) {
	if p.Done {
		return 0, nil
	}
	switch p.Kind {
	case social.PullFollowing:
		return max(r.self.Following-p.Entries, 0), nil
	case social.PullFollowers:
		return max(r.self.Followers-p.Entries, 0), nil
	case social.PullPosts:
		return max(min(r.self.Posts, maxOwnPosts)-p.Entries, 0), nil
	}
	after, _ := strconv.ParseInt(p.Cursor, 10, 64) // "" is the beginning
	return r.store.CountUnnamed(ctx, r.user.ID, after)
}

// sayEstimate says what is about to be read and paid, before it is.
func (r *pulling) sayEstimate(ctx context.Context) error {
	var parts []string
	total := r.spent()
	for _, p := range r.pulls {
		n, err := r.left(ctx, p)
		if err != nil {
			return err
		}
		parts = append(parts, fmt.Sprintf("%s %d", p.Kind, n))
		total += r.each(p.Kind) * social.Cost(n)
	}
	fmt.Fprintf(r.stderr, "@%s on %s, still to be read: %s.\n", r.self.Username, r.from.Host(), strings.Join(parts, ", "))
	if r.paid() {
		fmt.Fprintf(r.stderr, "It will cost about %s in all; it stops at %s.\n", total, r.most)
	}
	return nil
}

// list reads one list as far as it goes and makes a Source of what came,
// however it ended.
func (r *pulling) list(ctx context.Context, i int) error {
	ended := r.pages(ctx, i)
	if ctx.Err() != nil {
		return errStopped // the pages are kept for the next run
	}
	source, made, err := r.worker.KeepPull(ctx, r.pulls[i], r.prefix, r.sourceName(i), r.self.Body)
	if err != nil {
		return errors.Join(err, ended)
	}
	if made {
		if err := r.readSource(ctx, source, group{r.prefix}, r.options.json); err != nil {
			return errors.Join(err, ended)
		}
	}
	return r.ending(ended)
}

func (r *pulling) sourceName(i int) string {
	return fmt.Sprintf("%s of @%s on %s", r.pulls[i].Kind, social.Printable(r.self.Username, 60), r.from.Host())
}

// ending gives what ended a list its sentence and status: what the same command
// goes on with later is no failure.
func (r *pulling) ending(err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	switch {
	case err == nil || !ok:
		return err
	case f.Code == worker.CodeMaxCost:
		if len(r.pulls) > 0 {
			err = capped(r.spent(), r.most)
		}
		fmt.Fprintln(r.stderr, say(err))
		return errStopped
	case f.Kind == fault.Wait:
		fmt.Fprintf(r.stderr, "%s wants no more requests before %s. What was read is kept; the same command goes on then at the page where it stopped.\n", r.from.Host(), f.Until.Local().Format("15:04"))
		return errStopped
	}
	return err
}

func capped(spent, most social.Cost) error {
	return fault.New(fault.Paused, worker.CodeMaxCost, "Stopped at {spent}: the next page could cost more than the {most} you allowed. What was read is kept; the same command with a higher --max-cost goes on at that page.",
		"spent", spent.String(), "most", most.String())
}

// pages reads one page after another.
func (r *pulling) pages(ctx context.Context, i int) error {
	p := r.progress("Reading " + r.sourceName(i))
	defer p.end("")
	for !r.pulls[i].Done {
		left, err := r.left(ctx, r.pulls[i])
		if err != nil {
			return err
		}
		r.pulls[i], err = r.worker.PullPage(ctx, r.pulls[i], r.from, worker.Allowance{Each: r.each(r.pulls[i].Kind), Left: r.most - r.spent(), Expect: left})
		if fault.Is(err, fault.Wait) && r.options.wait {
			err = until(ctx, fault.Until(err))
		}
		if err != nil {
			return err
		}
		words := fmt.Sprintf("%d entries", r.pulls[i].Entries)
		if r.paid() {
			words += ", " + r.spent().String()
		}
		p.set(int64(r.pulls[i].Entries), 0, words)
	}
	return nil
}

// until waits for an instant.
func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errStopped
	}
}
