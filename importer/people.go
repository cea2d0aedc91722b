package importer

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"godwit/internal/social"
)

// Tables of people: what twitter-web-exporter saves as CSV, Fedifinder's
// accounts.csv, and any table with a column of handles or of names on X.

// savedTable is the name of a CSV of twitter-web-exporter.
var savedTable = regexp.MustCompile(`^twitter-.*-\d{13}\.csv$`)

// tableKind recognises a table by its first rows.
func tableKind(base string, head []byte) kind {
	ext := path.Ext(base)
	if ext != ".csv" && ext != ".tsv" && ext != ".txt" && !bytes.ContainsAny(head, ",;\t") {
		return 0
	}
	rows := headRows(head)
	if len(rows) == 0 || global.Match(head) {
		return 0
	}
	if savedTable.MatchString(base) && !savedMessages.MatchString(base) {
		return webTable
	}
	if k := mastodonTable(base, rows); k != 0 {
		return k
	}
	c, ok := columnsOf(rows)
	switch {
	case isMappingTable(rows):
		return mappingTable
	case !ok:
		return 0
	case ext == ".csv" || ext == ".tsv" || ext == ".txt" || c.header:
		return peopleTable
	}
	return 0
}

// peopleTable reads a table row by row. One with both a handle and a name on X
// is a list of people on X with what it claims of them; one with handles only
// is a list of accounts in the fediverse.
func (r *reading) peopleTable(p part, in io.Reader) error {
	t := &peopleList{reading: r, part: p, seen: r.seenAt(p), list: listName(p.name), kind: social.Following}
	return t.read(in, t.person)
}

// peopleList is one table while it is read.
type peopleList struct {
	*reading
	part part
	cols columns
	seen time.Time
	list string          // its name, for the claims it makes
	kind social.EdgeKind // of all in it, unless columns tell
	tally
	strangers int
}

// read gives each row to row.
func (t *peopleList) read(in io.Reader, row func([]string) error) error {
	s, err := openSheet(in)
	if err != nil {
		return err
	}
	first := s.first()
	t.cols, _ = columnsOf(first)
	if len(first) > 0 && (t.cols.header || t.part.kind == webTable) {
		first = first[1:]
	}
	if t.kind == social.Following {
		t.following.seen = true
	}
	for _, cells := range first {
		if err := t.entry(t.reading, row(cells)); err != nil {
			return err
		}
	}
	err = t.rest(s, row)
	t.following.whole = err == nil
	t.say(t.reading, t.part)
	if t.strangers > 0 {
		t.e.warn(notFollowed(t.part.name, t.strangers))
	}
	return err
}

func (t *peopleList) rest(s *sheet, row func([]string) error) error {
	for {
		cells, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = t.entry(t.reading, row(cells))
		}
		if err != nil {
			return err
		}
	}
}

// person reads one row.
func (t *peopleList) person(row []string) error {
	handles := handlesIn(t.cols.get(row, handleColumn))
	a := t.account(row)
	if a.NativeID == "" && a.Username == "" {
		return t.handles(handles)
	}
	for _, h := range handles {
		a.Claims = append(a.Claims, social.Claim{Handle: h, List: t.list, SeenAt: t.seen})
	}
	for _, kind := range t.kindsOf(row) {
		if err := t.edgeTo(kind, a); err != nil {
			return err
		}
	}
	return nil
}

// handles gives the accounts in the fediverse that a row names.
func (t *peopleList) handles(all []social.Handle) error {
	if len(all) == 0 {
		return errShape
	}
	for _, h := range all {
		if err := t.edgeTo(t.kind, social.Account{Network: social.Fediverse, Username: h.String(), SeenAt: t.seen}); err != nil {
			return err
		}
	}
	return nil
}

// account is what a row tells of somebody on X.
func (t *peopleList) account(row []string) social.Account {
	a := social.Account{Network: social.X, Username: xName(t.cols.get(row, usernameColumn)), SeenAt: t.seen,
		Name:     social.Clean(t.cols.get(row, nameColumn), social.MaxName),
		Bio:      social.Clean(t.cols.get(row, bioColumn), social.MaxBio),
		Location: social.Clean(t.cols.get(row, locationColumn), social.MaxName),
		Pinned:   social.Clean(t.cols.get(row, pinnedColumn), social.MaxBio),
	}
	if n := id([]byte(t.cols.get(row, idColumn))); n > 0 {
		a.NativeID = decimal(n)
	}
	for _, link := range strings.FieldsFunc(t.cols.get(row, linkColumn), func(c rune) bool { return strings.ContainsRune(" \t\n\r,;|[]\"", c) }) {
		switch link = social.Clean(link, maxLink); {
		case a.URL == "":
			a.URL = link
		case len(a.Links) < maxLinks:
			a.Links = append(a.Links, link)
		}
	}
	return a
}

// kindsOf is which Edges lead to the person of a row: those that its columns
// tell of, in a list without such columns that of the list.
func (t *peopleList) kindsOf(row []string) (kinds []social.EdgeKind) {
	if t.cols.free(followsColumn) {
		return []social.EdgeKind{t.kind}
	}
	if yes(t.cols.get(row, followsColumn)) {
		kinds = append(kinds, social.Following)
	}
	if yes(t.cols.get(row, followedColumn)) {
		kinds = append(kinds, social.Follower)
	}
	if len(kinds) == 0 {
		t.strangers++
	}
	return kinds
}

func yes(text string) bool {
	switch strings.ToLower(text) {
	case "", "false", "0", "no", "null", "undefined":
		return false
	}
	return true
}

// listName is the name under which a list's claims are shown: its file's own.
func listName(name string) string {
	if b := singleName(name); strings.HasPrefix(b, "fedifinder") || b == "accounts.csv" || b == "accounts.json" {
		return "Fedifinder"
	}
	return social.Printable(path.Base(strings.ReplaceAll(name, `\`, "/")), maxListName)
}
