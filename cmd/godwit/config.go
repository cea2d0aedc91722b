package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "config", Short: "The effective configuration, secrets masked", Args: cobra.NoArgs,
		Example: "  godwit config\n  GODWIT_OPEN_TO=anyone godwit config --json",
		RunE:    func(*cobra.Command, []string) error { return a.showConfig(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func (a *app) showConfig(asJSON bool) error {
	if asJSON {
		return encoder(a.stdout).Encode(a.cfg.Masked())
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, s := range a.cfg.Masked() {
		value := s.Value
		if value == "" {
			value = "(none)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Env, value, s.From)
	}
	return w.Flush()
}
