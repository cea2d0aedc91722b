package store

import (
	"database/sql"
	"strings"
)

// WriteDB lets tests look behind the methods.
func (s *Store) WriteDB() *sql.DB { return s.writeDB }

// IsSQLite reports which database it is.
func (s *Store) IsSQLite() bool { return s.d == &sqliteDialect }

// SetFree lets tests say how much room the spool's disk has.
func (s *Spool) SetFree(free func() (free, total int64, err error)) { s.free = free }

// Means is what an error of the database becomes.
func (s *Store) Means(err error) error { return s.d.mean(err) }

// SpelledTexts are the texts with arrays that were run on SQLite so far.
func SpelledTexts() (texts []string) {
	sqliteDialect.spelled.Range(func(_, text any) bool {
		if text := text.(string); strings.Contains(text, "json_each") {
			texts = append(texts, text)
		}
		return true
	})
	return texts
}
