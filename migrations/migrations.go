// Package migrations holds the steps of the schema, twinned by name for
// SQLite and PostgreSQL. They go forward only; each file is one transaction,
// and a step that destroys something comes two releases after the last use.
package migrations

import "embed"

// FS holds sqlite/NNNN_name.sql and postgres/NNNN_name.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
