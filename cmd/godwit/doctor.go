package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"godwit/bridge"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

func (a *app) doctorCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "doctor SERVER", Short: "What this server supports and allows, and what Godwit will do about it",
		Example: "  godwit doctor example.social", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.doctor(cmd.Context(), args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// diagnosis is what doctor prints.
type diagnosis struct {
	Host      string         `json:"host"`
	Software  string         `json:"software"`
	Version   string         `json:"version"`
	Flavour   social.Flavour `json:"flavour"`
	Title     string         `json:"title,omitempty"`
	Scopes    string         `json:"scopes"`
	Batch     int            `json:"relationships_at_once"`
	AppEach   bool           `json:"app_per_login"`
	Lists     bool           `json:"takes_lists"`
	Authorize string         `json:"authorize"`
	Budgets   []allowance    `json:"budgets"`
	Rules     []string       `json:"rules,omitempty"`
	Trouble   string         `json:"trouble,omitempty"`
}

type allowance struct {
	Family  social.Family `json:"family"`
	Limit   int           `json:"limit"`
	Seconds int           `json:"per_seconds"`
}

func (a *app) doctor(ctx context.Context, server string, asJSON bool) error {
	door, err := a.openDoor()
	if err != nil {
		return err
	}
	defer door.Close()
	host, _, sw, err := door.FindHome(ctx, server)
	if err != nil {
		return err
	}
	d := diagnose(ctx, door, host, sw)
	if asJSON {
		enc := encoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(d)
	}
	return d.print(a.stdout)
}

func diagnose(ctx context.Context, door *fedi.Door, host string, sw social.Software) diagnosis {
	d := diagnosis{Host: host, Software: sw.Name, Version: sw.Version, Flavour: sw.Flavour, Scopes: fedi.Scopes(sw.Flavour, sw.Version),
		Batch: bridge.BatchSize(sw.Flavour), AppEach: fedi.AppPerLogin(sw.Flavour),
		Lists: bridge.TakesLists(social.Destination{Flavour: sw.Flavour, Scopes: fedi.Wider("", "import")})}
	if d.Authorize, _ = door.Endpoints(ctx, host); sw.Flavour == social.Misskey {
		d.Authorize = "https://" + host + "/miauth/…"
	}
	for _, b := range bridge.Starting(sw.Flavour, time.Now().UTC()) {
		d.Budgets = append(d.Budgets, allowance{b.Family, b.Limit, int(b.Window.Seconds())})
	}
	instance, err := door.Account(host, social.Secret{}, sw.Flavour, nil).Instance(ctx)
	if err != nil {
		d.Trouble = "The server doesn't tell strangers about itself; Godwit goes by its software."
		return d
	}
	d.Title, d.Rules = social.Printable(instance.Title, social.MaxName), nil
	for _, rule := range instance.Rules {
		d.Rules = append(d.Rules, social.Printable(rule, 500))
	}
	return d
}

func (d diagnosis) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Server\t%s\t%s\n", d.Host, d.Title)
	fmt.Fprintf(w, "Software\t%s %s\n", social.Printable(d.Software, 40), social.Printable(d.Version, 60))
	fmt.Fprintf(w, "Permissions asked for\t%s\n", d.Scopes)
	fmt.Fprintf(w, "People allow it at\t%s\n", d.Authorize)
	for _, b := range d.Budgets {
		fmt.Fprintf(w, "Starts from\t%d %s in %s; the server's own answers correct it\n", b.Limit, b.Family, time.Duration(b.Seconds)*time.Second)
	}
	fmt.Fprintf(w, "Relationships read\t%d at once\n", d.Batch)
	if d.Lists {
		fmt.Fprintf(w, "Takes lists\tgodwit follow --list hands it the whole list; GoToSocial wants godwit login --also import for that\n")
	}
	if d.AppEach {
		fmt.Fprintf(w, "Sign-in\ta registration of its own for each login, since this software mixes up its users\n")
	}
	for i, rule := range d.Rules {
		fmt.Fprintf(w, "Rule %d\t%s\n", i+1, rule)
	}
	if d.Trouble != "" {
		fmt.Fprintf(w, "Note\t%s\n", d.Trouble)
	}
	return w.Flush()
}
