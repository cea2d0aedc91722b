package importer

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Results of queries at Wikidata that say who of X is where in the fediverse:
// P6552 is a number on X, P2002 a name on X, P4033 an address in the
// fediverse. Anybody may edit them, so they count whole or not at all, they
// name nobody, and what they claim is never proof (ZIP-14).

// mappingName is the name under which their claims are shown.
const mappingName = "Wikidata"

// isEntity reports whether a cell names a thing of Wikidata.
func isEntity(text string) bool {
	for _, prefix := range []string{"http://www.wikidata.org/entity/Q", "https://www.wikidata.org/entity/Q", "https://www.wikidata.org/wiki/Q"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && strings.Trim(rest, "0123456789") == "" {
			return true
		}
	}
	return false
}

// isMappingTable reports whether a table is one of Wikidata's: a column names
// its things, or a property's number names a column.
func isMappingTable(rows [][]string) bool {
	if len(rows) == 0 {
		return false
	}
	for i, text := range rows[0] {
		switch headingMarks.Replace(strings.ToLower(text)) {
		case "p4033", "p6552", "p2002":
			return true
		}
		if share(rows[1:], i, isEntity) > 0 {
			return true
		}
	}
	return false
}

// lookNumbers finds the column of numbers on X where its name does not tell.
func (c *columns) lookNumbers(rows [][]string) {
	for i := range c.width {
		if c.free(idColumn) && !c.taken(i) && share(rows, i, func(text string) bool { return len(text) > 2 && id([]byte(text)) > 0 }) >= most {
			c.at[idColumn] = i
		}
	}
}

func (r *reading) mappingTable(p part, in io.Reader) error {
	s, err := openSheet(in)
	if err != nil {
		return err
	}
	first := s.first()
	m := &mapping{reading: r, part: p}
	if m.cols, _ = columnsOf(first); len(first) > 0 {
		m.cols.lookNumbers(first[1:])
	}
	if !m.cols.maps() {
		return mappingColumns(p.name)
	}
	for _, row := range first[min(len(first), 1):] {
		if err := m.row(row); err != nil {
			return err
		}
	}
	return m.rest(s)
}

// maps reports whether the columns say who is where.
func (c columns) maps() bool {
	return !c.free(handleColumn) && (!c.free(idColumn) || !c.free(usernameColumn))
}

// mapping is one list of claims while it is read.
type mapping struct {
	*reading
	part part
	cols columns
	tally
}

func (m *mapping) rest(s *sheet) error {
	for {
		row, err := s.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = m.row(row)
		}
		if _, broken := errors.AsType[*torn](err); broken {
			return mappingCut(m.part.name).Because(err)
		}
		if err != nil {
			return err
		}
	}
	if !s.whole() {
		return mappingCut(m.part.name)
	}
	m.say(m.reading, m.part)
	return nil
}

func (m *mapping) row(row []string) error {
	if len(row) != m.cols.width {
		return mappingCut(m.part.name)
	}
	return m.claim(m.cols.get(row, idColumn), m.cols.get(row, usernameColumn), m.cols.get(row, handleColumn))
}

// claim gives one row: the number counts where there is one, since names
// change hands.
func (m *mapping) claim(number, username, address string) error {
	if m.n >= maxMappings {
		return tooManyRows(m.part.name)
	}
	h, ok := handleOf(address)
	a := social.Account{Network: social.X, Username: xName(username)}
	if n := id([]byte(number)); n > 0 {
		a.NativeID, a.Username = decimal(n), ""
	}
	if !ok || a.NativeID == "" && a.Username == "" {
		return m.entry(m.reading, errShape)
	}
	a.Claims = []social.Claim{{Handle: h, List: mappingName, SeenAt: m.seenAt(m.part)}}
	return m.entry(m.reading, m.give(social.Record{Account: a}))
}

// looksMapping reports whether JSON begins like a result of Wikidata: a list
// of rows whose values name its things or whose names are its properties, or
// the standard form of SPARQL results.
func looksMapping(text []byte) bool {
	if text[0] == '{' {
		return bytes.Contains(text, []byte(`"head"`)) && bytes.Contains(text, []byte(`"vars"`))
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text), decodeOptions...)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return false
	}
	row, err := dec.ReadValue()
	if err != nil {
		return false
	}
	names, cells := membersOf(row)
	return isMappingTable([][]string{names, cells})
}

// membersOf are the names and texts of a flat object; a SPARQL value is an
// object with its text in "value".
func membersOf(row []byte) (names, cells []string) {
	var t mender
	s, ok := open(row, '{')
	for ok && len(names) < maxColumns {
		var name, v []byte
		if name, v, ok = s.member(); !ok {
			break
		}
		text := t.text(v)
		if inner := get(v, "value"); inner != nil {
			text = t.text(inner)
		}
		names, cells = append(names, string(name)), append(cells, cell(text))
	}
	return names, cells
}

func (r *reading) mappingList(p part, in io.Reader) error {
	m := &mapping{reading: r, part: p}
	rows, err := mappingRows(in)
	if err != nil {
		return mappingCut(p.name).Because(err)
	}
	sample := 0
	err = stream(rows, func(v jsontext.Value) error {
		names, cells := membersOf(v)
		c, _ := columnsOf([][]string{names, cells}) // rows may lack columns that are empty
		c.lookNumbers([][]string{cells})
		if c.maps() {
			sample++
		}
		return m.claim(c.get(cells, idColumn), c.get(cells, usernameColumn), c.get(cells, handleColumn))
	})
	switch {
	case fatal(err) != nil || err == errEnough:
		return err
	case err != nil && !rows.ended(err):
		return mappingCut(p.name).Because(err)
	case sample == 0 && m.n > 0:
		return mappingColumns(p.name)
	}
	m.say(r, p)
	return nil
}

// bindings is the list of rows within a result.
type bindings struct {
	io.Reader
	inner bool // it stands in an object, which goes on after it
}

// mappingRows stands before the list of rows: at the beginning, or in the
// standard form after "bindings":.
func mappingRows(in io.Reader) (*bindings, error) {
	head := make([]byte, maxHead)
	n, err := io.ReadFull(in, head)
	if n == 0 {
		return nil, err
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) > 0 && head[0] == '[' {
		return &bindings{io.MultiReader(bytes.NewReader(head), in), false}, nil
	}
	_, after, found := bytes.Cut(head, []byte(`"bindings"`))
	at := bytes.IndexByte(after, '[')
	if !found || at < 0 {
		return nil, errShape
	}
	return &bindings{io.MultiReader(bytes.NewReader(after[at:]), in), true}, nil
}

// ended reports whether err is only that the object around the rows closes
// after them.
func (b *bindings) ended(err error) bool { return b.inner && errors.Is(err, errTrailing) }

func mappingColumns(name string) *fault.Fault {
	return fault.New(fault.Invalid, "mapping-columns",
		"{file} names things of Wikidata but lacks the columns that say who is where: an address in the fediverse (P4033), and a number (P6552) or a name (P2002) on X.", "file", shown(name))
}

func mappingCut(name string) *fault.Fault {
	return fault.New(fault.Invalid, "mapping-cut",
		"{file} ends in the middle or has rows that lack columns, so nothing of it was kept: such a list counts whole or not at all. Save it again.", "file", shown(name))
}

func tooManyRows(name string) *fault.Fault {
	return fault.New(fault.TooLarge, "too-many-rows",
		"{file} has more rows than all people of Wikidata. We stopped and kept nothing of it.", "file", shown(name))
}
