package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

type followOptions struct {
	as     string
	dryRun bool
	csv    string
	yes    bool
	json   bool
	wait   bool
	list   bool
	check  bool
	also   []string
	undo   bool
	pause  bool
	resume bool
	cancel bool
	retry  bool
}

func (a *app) followCommand() *cobra.Command {
	var o followOptions
	cmd := &cobra.Command{
		Use: "follow", Short: "Follow the confirmed matches, or write the CSV that the server can import", Args: cobra.NoArgs,
		Long: `Follow the confirmed matches from your account, one after the other, at the pace that the server allows. What
has to wait until tomorrow is left for the next run, for "godwit serve", or for --wait. With --yes the likely
matches are confirmed too. Nothing is ever followed twice. With --undo those whom Godwit followed are unfollowed
again, and nobody else.

With --pause nothing is sent any more, also by "godwit serve", until --resume. With --cancel what was not sent yet is
given up. With --retry what gave up or waits is tried at once by whoever works next; what was refused stays so.`,
		Example: "  godwit follow --dry-run\n  godwit follow --yes\n  godwit follow --csv following.csv\n  godwit follow --undo",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.follow(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.as, "as", "", "the `ACCOUNT` (user@host) to follow from, when there are several")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show whom it would follow and why; send nothing")
	cmd.Flags().StringVar(&o.csv, "csv", "", "write the file that Mastodon imports to `FILE` instead of following")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "confirm all likely matches and don't ask")
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON line for each account, then a summary")
	cmd.Flags().BoolVar(&o.undo, "undo", false, "unfollow exactly those whom Godwit followed")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "stay until the very last one, for days if need be")
	cmd.Flags().BoolVar(&o.list, "list", false, "hand the whole list to a server that takes one (GoToSocial, Pleroma, Akkoma, Mitra), then see who is missing")
	cmd.Flags().StringSliceVar(&o.also, "also", nil, "carry over `WHAT` besides: lists, mutes, blocks; --undo takes that back too")
	cmd.Flags().BoolVar(&o.check, "check", false, "after --csv: read who arrived by the file, and follow whoever is missing")
	cmd.Flags().BoolVar(&o.pause, "pause", false, "send nothing any more until --resume")
	cmd.Flags().BoolVar(&o.resume, "resume", false, "let the following go on after --pause")
	cmd.Flags().BoolVar(&o.cancel, "cancel", false, "give up what was not sent yet")
	cmd.Flags().BoolVar(&o.retry, "retry", false, "try again what gave up or waits")
	for _, other := range []string{"csv", "dry-run", "pause", "resume", "cancel", "retry"} {
		cmd.MarkFlagsMutuallyExclusive("undo", other)
	}
	for _, other := range []string{"csv", "dry-run", "undo", "check"} {
		cmd.MarkFlagsMutuallyExclusive("list", other)
	}
	for _, other := range []string{"csv", "dry-run", "wait", "list", "check", "also"} {
		for _, order := range []string{"pause", "resume", "cancel", "retry"} {
			cmd.MarkFlagsMutuallyExclusive(order, other)
		}
	}
	cmd.MarkFlagsMutuallyExclusive("pause", "resume", "cancel", "retry")
	return cmd
}

func (a *app) follow(ctx context.Context, o followOptions) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	d, err := h.destination(ctx, o.as)
	if err != nil && (o.csv == "" && !o.dryRun || o.as != "") {
		return err
	}
	f := &following{house: h, destination: d, options: o, started: time.Now(), before: map[int64]social.Outcome{}}
	switch {
	case o.undo:
		return f.undo(ctx)
	case o.pause, o.resume, o.cancel, o.retry:
		return f.order(ctx)
	}
	if err := h.confirmLikely(ctx, o); err != nil {
		return err
	}
	wanted, err := h.store.Followable(ctx, h.user.ID, d.ID)
	if err != nil {
		return err
	}
	switch {
	case o.dryRun:
		if wanted, err = h.reached(ctx, d, wanted); err != nil {
			return err
		}
		return h.printWanted(d, wanted, o.json)
	case o.csv != "":
		return h.writeImportFile(o.csv, wanted)
	}
	return f.run(ctx, len(wanted))
}

// destination is the account to follow from: the only one, or the one named.
func (h *house) destination(ctx context.Context, as string) (social.Destination, error) {
	all, err := h.store.ListDestinations(ctx, h.user.ID)
	if err != nil {
		return social.Destination{}, err
	}
	if as == "" {
		switch len(all) {
		case 0:
			return social.Destination{}, fault.New(fault.Invalid, "no-destination", "No account is connected yet. Run godwit login with your handle first.")
		case 1:
			return all[0], nil
		}
		return social.Destination{}, fault.New(fault.Invalid, "which-destination", "Several accounts are connected. Say which one with --as user@host.")
	}
	handle, err := social.ParseHandle(as, h.cfg.Realm())
	if err != nil {
		return social.Destination{}, err
	}
	i := slices.IndexFunc(all, func(d social.Destination) bool { return d.Handle.Same(handle) })
	if i < 0 {
		return social.Destination{}, fault.New(fault.Invalid, "not-connected", "@{handle} is not connected. Run: godwit login @{handle}", "handle", handle.String())
	}
	return all[i], nil
}

// confirmLikely confirms what the person said they want beyond the certain.
func (h *house) confirmLikely(ctx context.Context, o followOptions) error {
	counts, err := h.store.MatchCounts(ctx, h.user.ID)
	if err != nil {
		return err
	}
	if counts.Likely == 0 || !o.yes {
		if counts.Likely > 0 && counts.Confirmed == 0 && !o.json {
			fmt.Fprintf(h.stderr, "%d likely matches wait for your decision. --yes confirms them all; \"godwit serve\" shows them one by one.\n", counts.Likely)
		}
		return nil
	}
	likely := store.MatchFilter{Group: store.GroupLikely, Undecided: true, Limit: 1}
	_, n, err := h.store.ListMatches(ctx, h.user.ID, likely)
	if err != nil || n == 0 {
		return err
	}
	_, _, err = h.store.DecideAll(ctx, h.user.ID, likely, n, social.Confirmed, time.Now().UTC())
	return err
}

// reached leaves out those whose servers the Destination's is known to block,
// and says how many.
func (h *house) reached(ctx context.Context, d social.Destination, wanted []social.Match) ([]social.Match, error) {
	hosts := make([]string, len(wanted))
	for i, m := range wanted {
		hosts[i] = m.Handle.Host()
	}
	blocked, err := h.store.Blocked(ctx, d.Host, hosts)
	all := len(wanted)
	wanted = slices.DeleteFunc(wanted, func(m social.Match) bool { return blocked[m.Handle.Host()] })
	if n := all - len(wanted); n > 0 {
		fmt.Fprintf(h.stderr, "%d are left out: %s exchanges nothing with their servers.\n", n, d.Host)
	}
	return wanted, err
}

func (h *house) printWanted(d social.Destination, wanted []social.Match, asJSON bool) error {
	if asJSON {
		enc := encoder(h.stdout)
		for _, m := range wanted {
			if err := enc.Encode(matched{Network: m.Account.Network, ID: m.Account.NativeID, Username: m.Account.Username, Name: m.Account.Name,
				Handle: m.Handle.String(), Certainty: m.Certainty, Decision: m.Decision, Locked: m.Resolution.Locked, Reasons: reasons(m)}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range wanted {
		reason := ""
		if all := reasons(m); len(all) > 0 {
			reason = all[0]
		}
		fmt.Fprintf(h.stdout, "@%s  (%s)  %s\n", m.Handle, cameFrom(m.Account), social.Printable(reason, social.MaxSay))
	}
	if d.ID == 0 {
		fmt.Fprintf(h.stdout, "%d accounts. Nothing was sent.\n", len(wanted))
		return nil
	}
	fmt.Fprintf(h.stdout, "%d accounts would be followed from @%s. Nothing was sent.\n", len(wanted), d.Handle)
	return nil
}

// cameFrom says whom the person followed, and where.
func cameFrom(a social.Account) string {
	if a.Network == social.Fediverse {
		return "in your list"
	}
	name := "@" + a.Username
	if a.Username == "" {
		name = a.NativeID
	}
	return social.Printable(name, 60) + " on " + a.Network.Name()
}

// writeImportFile writes what Mastodon takes under Import and export.
func (h *house) writeImportFile(path string, wanted []social.Match) error {
	rows := 0
	err := writeFile(path, func(w io.Writer) error {
		var err error
		rows, err = bridge.WriteCSV(w, func(yield func(social.Handle) bool) {
			for _, m := range wanted {
				if !yield(m.Handle) {
					return
				}
			}
		})
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(h.stdout, "%d accounts written to %s. On your server: Settings, Import and export, Import, type \"Following list\", and choose Merge, not Overwrite.\n", rows, path)
	if rows < len(wanted) {
		fmt.Fprintf(h.stdout, "A file holds %d at most; import it, then write the next one.\n", bridge.FileRows)
	}
	return nil
}

func badFile(path string, cause error) error {
	return fault.New(fault.Invalid, "bad-file", "{file} can't be written. Choose another place for it.", "file", social.Printable(path, social.MaxSay)).Because(cause)
}
