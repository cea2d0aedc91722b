package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// exported are the tables of a User's own data, each with the query of its
// rows. Secrets and what only serves to find rows are not among the columns.
var exported = []struct{ name, text string }{
	{"user", `SELECT id, host, remote_id, handle, actor_id, locale, born, watching, auto_follow, feed_salt <> '' AS feed, created_at FROM users WHERE id = $1`},
	{"sessions", `SELECT created_at, seen_at FROM sessions WHERE user_id = $1 ORDER BY created_at`},
	{"flows", `SELECT host, typed, scopes, created_at FROM flows WHERE user_id = $1 ORDER BY created_at`},
	{"destinations", `SELECT id, host, remote_id, handle, actor_id, flavour, software, scopes, state, follow_state, following, by_list, created_at
		FROM destinations WHERE user_id = $1 ORDER BY id`},
	{"budgets", `SELECT destination_id, family, quota, remaining, resets_at, window_micros FROM budgets WHERE user_id = $1 ORDER BY 1, 2`},
	{"home_turns", `SELECT host, day, served FROM home_turns WHERE user_id = $1 ORDER BY host`},
	{"tasks", `SELECT kind, subject, due_at, claimed_until, attempts FROM tasks WHERE user_id = $1 ORDER BY kind, subject`},
	{"sources", `SELECT id, kind, state, name, digest, hold, owner, exported_at, counts, warnings, fault_code, fault_args, fault_say,
		bytes, created_at, read_at, seconds FROM sources WHERE user_id = $1 ORDER BY id`},
	{"uploads", `SELECT shown, mark, bytes, source_id, touched_at FROM uploads WHERE user_id = $1 ORDER BY touched_at`},
	{"accounts", `SELECT id, network, native_id, username, name, bio, location, url, links, pinned, pinned_links, named_at, texts_at, read_at
		FROM accounts WHERE user_id = $1 ORDER BY id`},
	{"edges", `SELECT e.source_id, e.kind, e.account_id FROM sources AS s JOIN edges AS e ON e.source_id = s.id
		WHERE s.user_id = $1 AND e.kind <> '' ORDER BY 1, 2, 3`},
	{"claims", `SELECT source_id, network, native_id, username_key, handle, list, seen_at, imported_at FROM claims WHERE user_id = $1 ORDER BY 1, 2, 3, 4, 5`},
	{"matches", `SELECT id, account_id, asked, handle, actor_id, evidence, texts, texts_at, certainty, conflict, decision, decided_at
		FROM matches WHERE user_id = $1 ORDER BY id`},
	{"link_pages", `SELECT account_id, url, state, links, asked_at, read_at, due_at, attempts FROM link_pages WHERE user_id = $1 ORDER BY id`},
	{"registrations", `SELECT xid, xid_proven, username, handle, actor_id, proof, post, code, audience, stale, created_at, checked_at, due_at
		FROM registrations WHERE user_id = $1`},
	{"proofs", `SELECT code, xid, username, handle, actor_id, created_at FROM proofs WHERE user_id = $1`},
	{"creator_counts", `SELECT followed, led, waiting, counted_at, due_at FROM creator_counts WHERE user_id = $1`},
	{"arrivals", `SELECT match_id, found_at, seen_at, mailed_at FROM arrivals WHERE user_id = $1 ORDER BY match_id`},
	{"mails", `SELECT address, lang, asked_at, written_at, confirmed_at, told_at FROM mails WHERE user_id = $1`},
	{"holds", `SELECT reason, allowed, created_at FROM holds WHERE user_id = $1`},
	{"server_roles", `SELECT host, domain, rank, checked_at FROM server_roles WHERE user_id = $1 ORDER BY host`},
	{"waves", `SELECT id, host, name, welcome, entry, invite, joiners, places, expects, ends_at, cap_all, cap_one, opened, created_at, started_at,
		closed_at, paused_at FROM waves WHERE user_id = $1 ORDER BY id`},
	{"wave_members", `SELECT wave_id, destination_id, joined_at FROM wave_members WHERE user_id = $1 ORDER BY destination_id`},
	{"starter_picks", `SELECT starter_id, destination_id, picked_at FROM starter_picks WHERE user_id = $1 ORDER BY 1, 2`},
	{"undos", `SELECT decision, decided_at, before FROM undos WHERE user_id = $1 ORDER BY decided_at`},
	{"mirrors", `SELECT id, destination_id, source_id, state, fault_code, fault_args, fault_say, protected, network, names, rules, limits, version,
		server_rules, summary, planned_at, started_at, last_at, created_at FROM mirrors WHERE user_id = $1 ORDER BY id`},
	{"mirror_posts", `SELECT mirror_id, post_id, position, answers, torn, visibility, notes, post FROM mirror_posts
		WHERE user_id = $1 ORDER BY mirror_id, position`},
	{"mirror_jobs", `SELECT id, mirror_id, destination_id, network, post_id, part, parts, parent_id, position, draft, files, state, reason,
		parent_at, sent_at, tried_at, misses, missed_at, remote_id, url, attempts, due_at, updated_at FROM mirror_jobs
		WHERE user_id = $1 ORDER BY mirror_id, position`},
	{"pulls", `SELECT id, host, account_id, kind, cursor, pages, entries, spent, done, due_at, updated_at FROM pulls WHERE user_id = $1 ORDER BY id`},
	{"pull_pages", `SELECT g.pull_id, g.n, g.body FROM pulls AS p JOIN pull_pages AS g ON g.pull_id = p.id WHERE p.user_id = $1 ORDER BY 1, 2`},
	{"list_members", `SELECT l.source_id, l.title, l.account_id FROM sources AS s JOIN list_members AS l ON l.source_id = s.id
		WHERE s.user_id = $1 ORDER BY 1, 2, 3`},
	{"edge_jobs", `SELECT destination_id, kind, list, handle, actor_id, remote_id, list_id, state, outcome, reason, attempts, due_at, updated_at
		FROM edge_jobs WHERE user_id = $1 ORDER BY id`},
	{"follow_jobs", `SELECT id, destination_id, match_id, handle, actor_id, state, outcome, reason, new_handle, remote_id, locked,
		attempts, due_at, asked_at, updated_at FROM follow_jobs WHERE user_id = $1 ORDER BY id`},
}

// documents are the columns that hold JSON.
var documents = []string{"owner", "counts", "warnings", "fault_args", "links", "pinned_links", "evidence", "texts", "before",
	"names", "rules", "limits", "server_rules", "summary", "notes", "post", "draft", "files"}

// ExportUser writes everything held about the User as one JSON document,
// secrets left out: an object with a list of rows for each table. It is first
// written to a temporary file, so that a slow reader holds no transaction.
func (s *Store) ExportUser(ctx context.Context, userID int64, w io.Writer) (err error) {
	file, err := os.CreateTemp("", "godwit-export-")
	if err != nil {
		return s.d.mean(err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := s.exportTo(ctx, userID, file); err != nil {
		return s.d.mean(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}

func (s *Store) exportTo(ctx context.Context, userID int64, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := s.read(ctx, func(x q) error {
		separator := "{"
		for _, table := range exported {
			out.WriteString(separator + "\n\"" + table.name + "\": [")
			n, err := s.exportRows(ctx, x, userID, table.text, out)
			if err != nil {
				return err
			}
			if table.name == "user" && n == 0 {
				return notFound()
			}
			out.WriteString("]")
			separator = ","
		}
		out.WriteString("\n}\n")
		return nil
	})
	return errors.Join(err, out.Flush())
}

func (s *Store) exportRows(ctx context.Context, x q, userID int64, text string, out *bufio.Writer) (n int, err error) {
	rows, err := x.rows(ctx, text, userID)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	for ; rows.Next(); n++ {
		values, err := exportValues(rows, columns)
		if err == nil {
			err = s.revealAddress(userID, values)
		}
		if err != nil {
			return n, err
		}
		row, err := json.Marshal(values)
		if err != nil {
			return n, err
		}
		if n > 0 {
			out.WriteString(",")
		}
		out.WriteString("\n")
		out.Write(row)
	}
	return n, rows.Err()
}

// revealAddress opens the one sealed thing that is the person's own words.
func (s *Store) revealAddress(userID int64, row map[string]any) error {
	sealed, ok := row["address"].([]byte)
	if !ok {
		return nil
	}
	address, err := s.sealer.unseal(sealed, addressAt(userID))
	row["address"] = address.Reveal()
	return err
}

func exportValues(rows *sql.Rows, columns []string) (map[string]any, error) {
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := map[string]any{}
	for i, name := range columns {
		row[name] = exportValue(name, values[i])
	}
	return row, nil
}

// exportValue is a stored value as people read it.
func exportValue(column string, v any) any {
	n, isNumber := v.(int64)
	text, isText := v.(string)
	switch {
	case isNumber && (strings.HasSuffix(column, "_at") || strings.HasSuffix(column, "_until")):
		if n <= 0 {
			return nil
		}
		return instant(n).Format(time.RFC3339)
	case isText && slices.Contains(documents, column):
		if text == "" {
			return nil
		}
		return json.RawMessage(text)
	}
	return v
}
