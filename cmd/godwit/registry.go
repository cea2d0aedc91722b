package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

func (a *app) registryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "registry", Short: "For operators: public lists of who is where, and lists of follows that look made up",
		Example: "  godwit registry import wikidata.json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.registryImport(), a.registryOffer(), a.registryList(), a.registryRemove(), a.registryHolds(), a.registryAllow())
	return cmd
}

func (a *app) registryImport() *cobra.Command {
	source := ""
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Add a public list: a CSV, or a result of Wikidata", Args: cobra.ExactArgs(1),
		Long: `Add a public list of who is where: a CSV with the columns x_id, x_username, handle and source, or a result of
Wikidata, .csv or .json, with P4033 beside P6552 or P2002. It counts whole or not at all, takes the place of what the
same source said before, and is never more than likely: it is somebody else's word. Who imported it and when is kept
with each row. People who withdrew are left out.`,
		Example: "  godwit registry import wikidata.json\n  godwit registry import --source \"City council 2026\" council.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error { return h.importList(ctx, args[0], source) })
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "`NAME` of the list, where its rows don't tell")
	return cmd
}

func (h *house) importList(ctx context.Context, path, source string) error {
	rows, leftOut, err := importer.ReadMappings(ctx, path)
	if err != nil {
		return err
	}
	p := store.PublicList{File: filepath.Base(path), ImportedBy: who(), ImportedAt: time.Now().UTC()}
	if p.Digest, err = digestOf(path); err != nil {
		return badFile(path, err)
	}
	lists, listed, err := bySource(p, rows, source)
	if err != nil {
		return err
	}
	saved, err := h.store.SaveLists(ctx, lists, listed)
	if err != nil {
		return err
	}
	for _, s := range saved {
		fmt.Fprintf(h.stdout, "%s: %d rows.", social.Printable(s.Source, social.MaxSay), s.Rows)
		if s.Left > 0 {
			fmt.Fprintf(h.stdout, " %d left out: these people withdrew.", s.Left)
		}
		fmt.Fprintln(h.stdout)
	}
	if leftOut > 0 {
		fmt.Fprintln(h.stdout, "Some rows named no usable address and were left out.")
	}
	return nil
}

// bySource parts the rows by the list that each comes from.
func bySource(p store.PublicList, rows []importer.Mapping, otherwise string) ([]store.PublicList, map[string][]store.ListedRow, error) {
	listed := map[string][]store.ListedRow{}
	var lists []store.PublicList
	for _, r := range rows {
		source := r.Source
		if source == "" {
			source = otherwise
		}
		if source == "" {
			return nil, nil, fault.New(fault.Invalid, "no-source", "Some rows don't say which list they are from. Name it with --source; nothing was kept.")
		}
		if listed[source] == nil {
			p.Source = source
			lists = append(lists, p)
		}
		listed[source] = append(listed[source], store.ListedRow{XID: r.XID, Username: r.Username, Handle: r.Handle})
	}
	for i := range lists {
		lists[i].Rows = len(listed[lists[i].Source])
	}
	slices.SortFunc(lists, func(a, b store.PublicList) int { return strings.Compare(a.Source, b.Source) })
	return lists, listed, nil
}

// who is the operator's name on this machine.
func who() string {
	u, err := user.Current()
	if err != nil {
		return "the operator"
	}
	return u.Username
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (a *app) registryList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The public lists that were imported, by whom and when", Args: cobra.NoArgs,
		Example: "  godwit registry list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				lists, err := h.store.PublicLists(ctx)
				for _, p := range lists {
					fmt.Fprintf(h.stdout, "%s: %d rows from %s, imported by %s on %s\n", social.Printable(p.Source, social.MaxSay), p.Rows,
						social.Printable(p.File, social.MaxSay), p.ImportedBy, p.ImportedAt.Format(time.DateOnly))
				}
				return err
			})
		},
	}
}

func (a *app) registryRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove SOURCE", Short: "Take a public list back, with what it said of anybody", Args: cobra.ExactArgs(1),
		Example: "  godwit registry remove Wikidata",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				err := h.store.DeleteList(ctx, args[0])
				if fault.Is(err, fault.NotFound) {
					return fault.New(fault.NotFound, "no-such-list", "There is no list of that name. See: godwit registry list").Because(err)
				}
				if err == nil {
					fmt.Fprintln(h.stdout, "Removed.")
				}
				return err
			})
		},
	}
}

func (a *app) registryHolds() *cobra.Command {
	return &cobra.Command{
		Use: "holds", Short: "People whose list of numbers looks made up, and waits for your word", Args: cobra.NoArgs,
		Example: "  godwit registry holds",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				holds, err := h.store.Holds(ctx)
				for _, x := range holds {
					why := "they lie as close together as no person's list does"
					if x.Reason == "apart" {
						why = "hardly anybody else here follows any of them"
					}
					fmt.Fprintf(h.stdout, "%d @%s: since %s, %d numbers wait; %s\n", x.UserID, x.Handle, x.Since.Format(time.DateOnly), x.Waiting, why)
				}
				return err
			})
		},
	}
}

func (a *app) registryAllow() *cobra.Command {
	return &cobra.Command{
		Use: "allow NUMBER", Short: "Let such a person's list be looked up like every other", Args: cobra.ExactArgs(1),
		Example: "  godwit registry allow 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usage("bad-number", "Give the number that \"godwit registry holds\" shows.")
			}
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				err := h.store.Allow(ctx, id)
				if fault.Is(err, fault.NotFound) {
					return fault.New(fault.NotFound, "no-such-hold", "Nobody of that number waits. See: godwit registry holds").Because(err)
				}
				return err
			})
		},
	}
}

func (a *app) arrivalsCommand() *cobra.Command {
	auto := ""
	cmd := &cobra.Command{
		Use: "arrivals", Short: "Who turned up after the first look; each is told once", Args: cobra.NoArgs,
		Example: "  godwit arrivals\n  godwit arrivals --auto on",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if auto != "" && auto != "on" && auto != "off" {
				return usage("bad-auto", "--auto is on or off.")
			}
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error { return h.arrivals(ctx, auto) })
		},
	}
	cmd.Flags().StringVar(&auto, "auto", "", "follow certain arrivals by itself: on or off")
	return cmd
}

func (h *house) arrivals(ctx context.Context, auto string) error {
	if auto != "" {
		w, err := h.store.GetWatch(ctx, h.user.ID)
		if err != nil {
			return err
		}
		w.Auto = auto == "on"
		if err := h.store.SetWatch(ctx, h.user.ID, w); err != nil {
			return err
		}
	}
	all, err := h.store.Arrivals(ctx, h.user.ID)
	if err != nil {
		return err
	}
	told := 0
	for _, x := range all {
		if x.New {
			fmt.Fprintf(h.stdout, "@%s is now @%s (%s).\n", social.Printable(x.Match.Account.Username, social.MaxName), x.Match.Handle, x.Match.Certainty)
			told++
		}
	}
	if told == 0 {
		fmt.Fprintln(h.stdout, "Nobody new.")
		return nil
	}
	return h.store.SeenArrivals(ctx, h.user.ID, all[0].FoundAt, time.Now().UTC())
}
