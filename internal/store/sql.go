package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/internal/social"
)

// runner is what *sql.DB and *sql.Tx have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// q runs SQL that is written once for both databases. Four forms are spelled
// differently in each: EACH($n) is a table of the objects of a JSON array, each
// as e.value, LIST($n) one of its plain values, as text or number, and IN
// IDS($n) and IN KEYS($n) compare with its numbers and texts. A text with one of
// them joins in the order in which it is written: SQLite cannot guess how few
// rows an array has, and may read a whole table first. Elsewhere +column keeps a
// condition that fits half of a table from being the index that is chosen.
type q struct {
	run runner
	d   *dialect
}

func (x q) exec(ctx context.Context, text string, args ...any) (int, error) {
	result, err := x.run.ExecContext(ctx, x.d.spell(text), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

func (x q) row(ctx context.Context, text string, args ...any) *sql.Row {
	return x.run.QueryRowContext(ctx, x.d.spell(text), args...)
}

func (x q) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return x.run.QueryContext(ctx, x.d.spell(text), args...)
}

// scanner is a row to be read.
type scanner interface{ Scan(into ...any) error }

// list reads all rows of a query.
func list[T any](ctx context.Context, x q, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	rows, err := x.rows(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// scalar scans a row of one column.
func scalar[T any](r scanner) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// dialect is what differs between the two databases.
type dialect struct {
	name     string         // "sqlite" or "postgres", also the folder of migrations
	each     string         // replacement of EACH($n)
	list     string         // replacement of LIST($n)
	ids      string         // replacement of IN IDS($n)
	keys     string         // replacement of IN KEYS($n)
	join     string         // replacement of JOIN beside them
	lock     string         // statement that lets one transaction at a time pass, "" where every writer is alone
	snapshot *sql.TxOptions // of a transaction that sees one state of the database
	failure  func(error) failure
	spelled  sync.Map // text → text in this dialect
}

var (
	arrays = regexp.MustCompile(`\b(EACH|LIST|IN IDS|IN KEYS)\((\$\d+)\)`)
	joins  = regexp.MustCompile(`\bJOIN\b`)
)

// spell writes the text in the dialect; each text is translated once.
func (d *dialect) spell(text string) string {
	if done, ok := d.spelled.Load(text); ok {
		return done.(string)
	}
	done := text
	if arrays.MatchString(text) {
		done = d.translate(text)
	}
	d.spelled.Store(text, done)
	return done
}

func (d *dialect) translate(text string) string {
	done := arrays.ReplaceAllStringFunc(text, func(found string) string {
		part := arrays.FindStringSubmatch(found)
		forms := map[string]string{"EACH": d.each, "LIST": d.list, "IN IDS": d.ids, "IN KEYS": d.keys}
		return fmt.Sprintf(forms[part[1]], part[2])
	})
	return joins.ReplaceAllString(done, d.join)
}

// micros is the stored form of an instant; 0 is none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant reads what micros wrote.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// moment scans a stored instant into a time.
type moment struct{ t *time.Time }

// Scan implements sql.Scanner.
func (m moment) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("stored instant is a %T", v)
	}
	*m.t = instant(n)
	return nil
}

// handle scans a stored Handle.
type handle struct{ h *social.Handle }

// Scan implements sql.Scanner.
func (s handle) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("stored handle is a %T", v)
	}
	return s.h.UnmarshalText([]byte(text))
}

// document scans stored JSON; "" leaves the value as it is.
type document struct{ v any }

// Scan implements sql.Scanner.
func (d document) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("stored document is a %T", v)
	}
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), d.v)
}

// encode is the stored form of a value as JSON. It never fails on our nouns.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("store: noun without JSON form: " + err.Error())
	}
	if !bytes.Contains(text, []byte(`\u0000`)) {
		return string(text)
	}
	if text, err = json.Marshal(scrub(text)); err != nil {
		panic("store: own document has no JSON form: " + err.Error())
	}
	return string(text)
}

// scrub decodes a document and takes U+0000 out of every text in it.
func scrub(document []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		panic("store: own document does not parse: " + err.Error())
	}
	return scrubbed(v)
}

func scrubbed(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = scrubbed(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = scrubbed(v[name])
		}
	}
	return v
}

// array is the parameter of EACH and LIST.
func array[T any](v []T) string {
	if len(v) == 0 {
		return "[]"
	}
	return encode(v)
}

// encodeList is encode, but "" for an empty list.
func encodeList[T any](v []T) string {
	if len(v) == 0 {
		return ""
	}
	return encode(v)
}

// clean is the last guard at the door, so that both databases keep the same
// text: it removes what PostgreSQL refuses (bytes that are no UTF-8, U+0000)
// and cuts what is absurdly long.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "")
}

// lower is the form under which texts are searched.
func lower(s string) string { return strings.ToLower(clean(s)) }

// dollar spells the nth placeholder.
func dollar(n int) string { return "$" + strconv.Itoa(n) }

func cleanAll(all []string) []string {
	cleaned := make([]string, len(all))
	for i := range all {
		cleaned[i] = clean(all[i])
	}
	return cleaned
}
