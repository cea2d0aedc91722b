package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"godwit/internal/social"
	"godwit/internal/store"
)

type serverOptions struct {
	most       int
	quiet      string
	zone       string
	leaveAlone bool
	reset      bool
	json       bool
}

func (a *app) serverCommand() *cobra.Command {
	var o serverOptions
	cmd := &cobra.Command{
		Use: "server [HOST]", Short: "The operator's limits for a server: fewer requests, quiet hours, or none at all", Args: cobra.MaximumNArgs(1),
		Long: `Says how gently one server is treated, for all who follow from there or look up accounts there. It holds from the
next request on, in every process on the same data. Without options it shows what is set; without a server, for which
servers anything is. A server's admins can also ask for themselves, in its robots.txt: "User-agent: Godwit" and
"Disallow: /" stop everything there within the hour.`,
		Example: "  godwit server\n  godwit server small.example.social --cap 100 --quiet 22:00-06:30 --zone Europe/Berlin\n  godwit server tired.example.social --leave-alone\n  godwit server tired.example.social --reset",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listServers(cmd.Context(), o)
			}
			return a.server(cmd.Context(), args[0], o, cmd.Flags().Changed)
		},
	}
	cmd.Flags().IntVar(&o.most, "cap", 0, "at most `N` requests in five minutes, for all who follow from there together; 0 for what its software bears")
	cmd.Flags().StringVar(&o.quiet, "quiet", "", "no request in these `HOURS`, such as 22:00-06:30; none for none")
	cmd.Flags().StringVar(&o.zone, "zone", "UTC", "time `ZONE` of the quiet hours, such as Europe/Berlin")
	cmd.Flags().BoolVar(&o.leaveAlone, "leave-alone", false, "no request at all: its admins asked for it")
	cmd.Flags().BoolVar(&o.reset, "reset", false, "forget what was set for it")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("reset", "leave-alone")
	return cmd
}

// change is what the options make of h.
func (o serverOptions) change(h social.Home, given func(string) bool) (social.Home, error) {
	if o.reset {
		h.Cap, h.Quiet, h.Alone = 0, social.Quiet{}, false
	}
	if given("cap") {
		if o.most < 0 || o.most > maxCap {
			return h, usage("bad-cap", "--cap is a number of requests in five minutes, up to {n}.", "n", fmt.Sprint(maxCap))
		}
		h.Cap = o.most
	}
	if given("leave-alone") {
		h.Alone = o.leaveAlone
	}
	if !given("quiet") {
		return h, nil
	}
	if o.quiet == "none" {
		h.Quiet = social.Quiet{}
		return h, nil
	}
	quiet, err := social.ParseQuiet(o.quiet, o.zone)
	h.Quiet = quiet
	return h, err
}

// maxCap is more than any server is asked.
const maxCap = 100_000

func (a *app) server(ctx context.Context, name string, o serverOptions, given func(string) bool) error {
	host, err := social.ParseHost(name, a.cfg.Realm())
	if err != nil {
		return err
	}
	return a.withStore(ctx, func(s *store.Store) error {
		before, err := s.GetHome(ctx, host)
		if err != nil {
			return err
		}
		after, err := o.change(before, given)
		if err != nil {
			return err
		}
		if after != before {
			if err := s.SaveWishes(ctx, after); err != nil {
				return err
			}
		}
		return a.printServers([]social.Home{after}, o.json)
	})
}

func (a *app) listServers(ctx context.Context, o serverOptions) error {
	return a.withStore(ctx, func(s *store.Store) error {
		all, err := s.ListHomes(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 && !o.json {
			fmt.Fprintln(a.stdout, "Nothing is set for any server.")
			return nil
		}
		return a.printServers(all, o.json)
	})
}

// withStore opens the database, migrated, for a command that needs no more.
func (a *app) withStore(ctx context.Context, act func(*store.Store) error) error {
	s, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	return act(s)
}

// treatment is one server's line of JSON.
type treatment struct {
	Host   string `json:"host"`
	Cap    int    `json:"cap,omitempty"`
	Quiet  string `json:"quiet,omitempty"`
	Zone   string `json:"zone,omitempty"`
	Alone  bool   `json:"leave_alone,omitempty"`
	Robots bool   `json:"robots_txt,omitempty"` // it asks for it itself
}

func (a *app) printServers(all []social.Home, asJSON bool) error {
	if asJSON {
		enc := encoder(a.stdout)
		for _, h := range all {
			if err := enc.Encode(treatment{h.Host, h.Cap, h.Quiet.String(), h.Quiet.Zone, h.Alone, h.Shut}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, h := range all {
		fmt.Fprintf(w, "%s\t%s\n", h.Host, treated(h))
	}
	return w.Flush()
}

// treated says how a server is treated.
func treated(h social.Home) string {
	said := "as its software bears"
	if h.Cap > 0 {
		said = fmt.Sprintf("at most %d requests in five minutes", h.Cap)
	}
	if q := h.Quiet.String(); q != "" {
		said += ", none at " + q + " " + h.Quiet.Zone
	}
	switch {
	case h.Alone:
		return "left alone"
	case h.Shut:
		return "left alone, as its robots.txt asks"
	}
	return said
}
