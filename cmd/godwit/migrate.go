package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate up|status", Short: "Bring the database's schema up to date, or say where it stands",
		Example: "  godwit migrate status\n  godwit migrate up", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{Use: "up", Short: "Apply what is pending", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return a.migrateUp(cmd.Context()) }},
		&cobra.Command{Use: "status", Short: "List the steps", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return a.migrateStatus(cmd.Context()) }},
	)
	return cmd
}

func (a *app) migrateUp(ctx context.Context) error {
	s, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	return a.printMigrations(ctx, s)
}

func (a *app) migrateStatus(ctx context.Context) error {
	s, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return a.printMigrations(ctx, s)
}

func (a *app) printMigrations(ctx context.Context, s migrations) error {
	steps, err := s.Migrations(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, m := range steps {
		state := "pending"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%04d\t%s\t%s\n", m.Version, m.Name, state)
	}
	return w.Flush()
}
