package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// The pace and the bound of reading a directory.
const (
	offerPause = time.Second
	offerPages = 250 // 20,000 accounts
)

func (a *app) registryOffer() *cobra.Command {
	return &cobra.Command{
		Use: "offer SERVER", Short: "For a server's admins: add its people whose profiles link to X", Args: cobra.ExactArgs(1),
		Long: `Add the people of a server whose profiles link to X, as its public directory shows them. You must be signed in there
(godwit login) with an account that the server itself calls an admin's. Only people who chose to be discoverable are
read, and nobody whose profile says otherwise (#nobot, noindex and others). It is a public list like every other:
what it says is marked with the server's name, counts less than what people prove themselves, and takes the place of
what the same server offered before.`,
		Example: "  godwit registry offer example.social",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error { return h.offer(ctx, args[0]) })
		},
	}
}

func (h *house) offer(ctx context.Context, server string) error {
	host, err := social.ParseHost(server, h.door.Realm())
	if err != nil {
		return err
	}
	d, token, err := h.signedInAt(ctx, host)
	if err != nil {
		return err
	}
	home := h.door.Home(d.Host, token, d.Flavour, nil)
	if err := home.MayOffer(ctx); err != nil {
		return err
	}
	rows, err := h.readDirectory(ctx, home, d.Handle.Host())
	if err != nil {
		return err
	}
	saved, err := h.store.SaveList(ctx, store.PublicList{Source: "accounts of " + d.Handle.Host(), File: "its directory", ImportedBy: who(),
		ImportedAt: time.Now().UTC(), Rows: len(rows)}, rows)
	if err == nil {
		fmt.Fprintf(h.stdout, "%s: %d people.\n", saved.Source, saved.Rows)
	}
	return err
}

// signedInAt is the connected account at a server, or at the domain of its
// handles.
func (h *house) signedInAt(ctx context.Context, host string) (social.Destination, social.Secret, error) {
	all, err := h.store.ListDestinations(ctx, h.user.ID)
	if err != nil {
		return social.Destination{}, social.Secret{}, err
	}
	for _, d := range all {
		if d.Host == host || d.Handle.Host() == host {
			token, err := h.store.DestinationToken(ctx, h.user.ID, d.ID)
			return d, token, err
		}
	}
	return social.Destination{}, social.Secret{}, fault.New(fault.Invalid, "not-connected-there", "You aren't signed in at {host}. Run godwit login {host} first.", "host", host)
}

// readDirectory reads all pages, a second apart.
func (h *house) readDirectory(ctx context.Context, home *fedi.Home, domain string) (rows []store.ListedRow, err error) {
	tick := time.NewTicker(offerPause)
	defer tick.Stop()
	for page := range offerPages {
		all, more, err := home.Directory(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			if handle, err := social.ParseHandle(o.User+"@"+domain, h.door.Realm()); err == nil {
				rows = append(rows, store.ListedRow{Username: o.XUsername, Handle: handle})
			}
		}
		if !more {
			break
		}
		select {
		case <-ctx.Done():
			return nil, errStopped
		case <-tick.C:
		}
	}
	return rows, nil
}
