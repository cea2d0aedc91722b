package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/fault"
)

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Everything that Godwit holds about you, as one JSON document", Args: cobra.NoArgs,
		Example: "  godwit export > my-godwit.json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.export(cmd.Context()) },
	}
}

func (a *app) export(ctx context.Context) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	out := bufio.NewWriter(a.stdout)
	if err := h.store.ExportUser(ctx, h.user.ID, &escaping{out: out}); err != nil {
		return err
	}
	return out.Flush()
}

func (a *app) forgetCommand() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: "forget", Short: "Delete everything that Godwit holds about you", Args: cobra.NoArgs,
		Long: `Delete everything that Godwit holds about you: sources, matches, outcomes and permissions. The people you
follow on your server stay. It can't be undone.`,
		Example: "  godwit export > before.json && godwit forget",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.forget(cmd.Context(), yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask")
	return cmd
}

func (a *app) forget(ctx context.Context, yes bool) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	if !yes && !a.confirmForget() {
		return fault.New(fault.Invalid, "not-confirmed", "Nothing was deleted. Type the word delete to go on, or use --yes.")
	}
	if err := h.giveBackAll(ctx); err != nil {
		return err
	}
	spools, err := h.store.Forget(ctx, h.user.ID)
	if err != nil {
		return err
	}
	for _, name := range spools {
		if err := h.spool.Delete(name); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.stdout, "Deleted. The people you follow on your server stay.")
	return nil
}

func (a *app) confirmForget() bool {
	fmt.Fprint(a.stderr, "This deletes your sources, matches, outcomes and permissions here. It can't be undone.\nType the word delete to go on: ")
	line, _ := bufio.NewReader(a.stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), "delete")
}

// giveBackAll says which permissions are still to be taken back by hand: those
// of the command line are not kept with the app that got them.
func (h *house) giveBackAll(ctx context.Context) error {
	all, err := h.store.ListDestinations(ctx, h.user.ID)
	for _, d := range all {
		fmt.Fprintf(h.stderr, "The permission for @%s is deleted here. To end it at the server too, remove Godwit in the account's settings on %s.\n", d.Handle, d.Host)
	}
	return err
}
