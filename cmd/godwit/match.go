package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/matcher"
)

// matchPage is how many Matches are read from the store at once.
const matchPage = 200

type matchOptions struct {
	offline bool
	json    bool
	csv     string
	pages   bool
}

func (a *app) matchCommand() *cobra.Command {
	var o matchOptions
	cmd := &cobra.Command{
		Use: "match", Short: "Find and check handles for the imported accounts", Args: cobra.NoArgs,
		Long: `Find handles in what the imported accounts say of themselves, and ask the servers that they name. Certain
matches count as confirmed; look at the likely ones in the pages of "godwit serve" or confirm them all when you follow.`,
		Example: "  godwit match\n  godwit match --csv matches.csv\n  godwit match --pages",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.match(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.offline, "offline", false, "ask no server; handles stay unchecked until the next match")
	cmd.Flags().BoolVar(&o.pages, "pages", false, "also read link pages (Linktree and others) and own sites of people who name no handle, at most 200 a day")
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON line for each match")
	cmd.Flags().StringVar(&o.csv, "csv", "", "write all matches, and whom nobody was found for, to `FILE`")
	return cmd
}

func (a *app) match(ctx context.Context, o matchOptions) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	counts, err := h.findMatches(ctx, o.offline)
	if err == nil && o.pages && !o.offline {
		counts, err = h.readPages(ctx, counts)
	}
	if err != nil {
		return err
	}
	if o.csv != "" {
		if err := h.writeMatches(ctx, o.csv); err != nil {
			return err
		}
	}
	if o.json {
		return h.printMatches(ctx)
	}
	h.printCounts(counts)
	return h.printPages(ctx)
}

// printPages says that there are pages to be read, if there are.
func (h *house) printPages(ctx context.Context) error {
	c, err := h.store.PageCounts(ctx, h.user.ID)
	if err == nil && c.Unread > 0 {
		fmt.Fprintf(h.stdout, "%d profiles name no handle, but a page of their own: godwit match --pages reads those, at most 200 a day.\n", c.Unread)
	}
	return err
}

// findMatches works until every account is read and every handle was asked
// for that can be asked for now.
func (h *house) findMatches(ctx context.Context, offline bool) (store.MatchCounts, error) {
	var counts store.MatchCounts
	rows := only{h.store, []social.TaskKind{social.ImportTask, social.MatchTask, social.LookUpTask}}
	if offline {
		rows.kinds = rows.kinds[:2]
	}
	if err := h.store.Ring(ctx, social.MatchTask, h.user.ID, time.Now().UTC()); err != nil {
		return counts, err
	}
	p := h.progress("Looking")
	err := h.work(ctx, rows, func(ctx context.Context) (bool, error) {
		var err error
		if counts, err = h.store.MatchCounts(ctx, h.user.ID); err != nil {
			return false, err
		}
		p.set(int64(counts.People-counts.Looking), int64(counts.People), fmt.Sprintf("%d of %d people found", counts.Found, counts.People))
		return h.matchingRests(ctx, rows, counts.Looking, offline)
	})
	p.end("")
	return counts, err
}

// readPages has the pages read of people who are not found, and looks again.
func (h *house) readPages(ctx context.Context, counts store.MatchCounts) (store.MatchCounts, error) {
	n, err := h.store.AskPages(ctx, h.user.ID, time.Now().UTC())
	if err != nil || n == 0 {
		return counts, err
	}
	return h.findMatches(ctx, false)
}

// matchingRests reports whether nothing more comes of waiting now: nothing is
// looked for any more, or what is left waits for longer than a command does.
// A step under way counts as due at the end of its lease, which is sooner.
func (h *house) matchingRests(ctx context.Context, rows only, looking int, offline bool) (bool, error) {
	if offline {
		if looking == 0 {
			return true, nil
		}
		at, err := h.store.DueAt(ctx, social.MatchTask, h.user.ID)
		return at.IsZero(), err
	}
	now := time.Now().UTC()
	next, err := h.store.NextDue(ctx, rows.kinds...)
	most := patience
	if looking == 0 {
		most = secondAsking
	}
	return next.IsZero() || next.Sub(now) > most, err
}

// secondAsking is how far in the future a server may be asked once more for a
// command to wait for it, when everything else is done: most of those that gave
// no answer only stumbled, and whoever they have is followed with the others.
const secondAsking = 30 * time.Second

// patience is how far in the future something may be due for a command to
// wait for it; what is later is left to the next run, or to `godwit serve`.
const patience = 2 * time.Minute

func (h *house) printCounts(c store.MatchCounts) {
	fmt.Fprintf(h.stdout, "%d of %d people found: %d certain, %d likely, %d possible", c.Found, c.People, c.Certain, c.Likely, c.Possible)
	if c.Conflict > 0 {
		fmt.Fprintf(h.stdout, ", %d need you to choose", c.Conflict)
	}
	fmt.Fprintln(h.stdout, ".")
	if c.Ill > 0 {
		fmt.Fprintf(h.stdout, "%d servers didn't answer; their %d people are looked up again by the next match, or by \"godwit serve\".\n", c.IllHosts, c.Ill)
	}
	if c.Found > 0 {
		fmt.Fprintln(h.stdout, "Next: godwit follow --dry-run shows whom it would follow and why.")
	}
}

// matched is the JSON line of one Match.
type matched struct {
	Network   social.Network   `json:"network"`
	ID        string           `json:"id"`
	Username  string           `json:"username"`
	Name      string           `json:"name"`
	Handle    string           `json:"handle"`
	Certainty social.Certainty `json:"certainty"`
	Conflict  bool             `json:"conflict"`
	Decision  social.Decision  `json:"decision"`
	Locked    bool             `json:"locked"`
	Reasons   []string         `json:"reasons"`
}

func (h *house) printMatches(ctx context.Context) error {
	out := bufio.NewWriter(h.stdout)
	defer out.Flush()
	enc := encoder(out)
	for m, err := range h.allMatches(ctx) {
		if err != nil {
			return err
		}
		line := matched{Network: m.Account.Network, ID: m.Account.NativeID, Username: m.Account.Username, Name: m.Account.Name,
			Handle: m.Handle.String(), Certainty: m.Certainty, Conflict: m.Conflict, Decision: m.Decision, Locked: m.Resolution.Locked, Reasons: reasons(m)}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// reasons are the plain words of a Match's Evidence.
func reasons(m social.Match) []string {
	var all []string
	for _, e := range m.Evidence {
		_, _, english := matcher.Say(e, m.Asked)
		all = append(all, english)
	}
	return all
}

// allMatches streams every live Match of the person, page by page.
func (h *house) allMatches(ctx context.Context) iter.Seq2[social.Match, error] {
	return func(yield func(social.Match, error) bool) {
		for offset := 0; ; offset += matchPage {
			page, _, err := h.store.ListMatches(ctx, h.user.ID, store.MatchFilter{Offset: offset, Limit: matchPage})
			if err != nil {
				yield(social.Match{}, err)
				return
			}
			for _, m := range page {
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < matchPage {
				return
			}
		}
	}
}

// writeMatches writes the table for reading: all matches, then the people
// nobody was found for.
func (h *house) writeMatches(ctx context.Context, path string) error {
	return writeFile(path, func(w io.Writer) error {
		var failed error
		rows := func(yield func([]string) bool) {
			for m, err := range h.allMatches(ctx) {
				if err != nil {
					failed = err
					return
				}
				if !yield(bridge.MatchRow(m)) {
					return
				}
			}
			failed = h.eachUnmatched(ctx, func(a social.Account) bool {
				row := append(bridge.AccountRow(a), make([]string, len(bridge.MatchTable))...)
				return yield(row[:len(bridge.MatchTable)])
			})
		}
		if err := bridge.WriteTable(w, bridge.MatchTable, rows); err != nil {
			return err
		}
		return failed
	})
}

func (h *house) eachUnmatched(ctx context.Context, visit func(social.Account) bool) error {
	after := int64(0)
	for {
		page, err := h.store.Unmatched(ctx, h.user.ID, after, matchPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, a := range page {
			if !visit(a) {
				return nil
			}
			after = a.ID
		}
	}
}

// writeFile writes a file that appears whole or not at all, for the person only.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return badFile(path, err)
	}
	defer os.Remove(f.Name())
	buffered := bufio.NewWriter(f)
	if err := write(buffered); err != nil {
		f.Close()
		return err
	}
	if err := buffered.Flush(); err != nil {
		f.Close()
		return badFile(path, err)
	}
	if err := f.Close(); err != nil {
		return badFile(path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return badFile(path, err)
	}
	return nil
}
