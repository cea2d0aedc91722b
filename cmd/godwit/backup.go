package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "A copy of the database, also while Godwit runs", Args: cobra.ExactArgs(1),
		Long: `Writes a copy of the database, also while Godwit runs. It holds everything but the key and the uploads that still
wait to be read: keep the key apart from it, since both together open the permissions in it. What somebody deletes later stays in older copies: delete those, too.

To go back to a copy, stop Godwit, put the copy in the place of godwit.db, delete godwit.db-wal and godwit.db-shm, and start it
again. Nobody is followed twice: Godwit asks your server whom you follow before it sends anything.`,
		Example: "  godwit backup godwit-2026-11-24.db",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.backup(cmd.Context(), args[0]) },
	}
}

func (a *app) backup(ctx context.Context, path string) error {
	s, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Backup(ctx, path); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Written: %s. Keep the key file apart from it.\n", path)
	return nil
}
