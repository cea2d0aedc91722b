package importer

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// sheet reads a table of strangers: comma, semicolon or tab between the cells,
// UTF-8 with or without a mark, or UTF-16 as spreadsheets save it.
type sheet struct {
	rows  *csv.Reader
	limit *bounded
	tail  *lastByte
	n     int // rows given
	err   error
}

// lastByte remembers the last byte of a stream.
type lastByte struct {
	r    io.Reader
	last byte
}

// Read reads on.
func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

// openSheet looks at the beginning of a table and readies it for reading.
func openSheet(in io.Reader) (*sheet, error) {
	head := make([]byte, maxHead)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	plain := decoded(io.MultiReader(bytes.NewReader(head), in), head)
	tail := &lastByte{r: plain}
	s := &sheet{limit: &bounded{r: tail, left: maxRecord}, tail: tail}
	s.rows = csv.NewReader(s.limit)
	s.rows.Comma = separator(firstLine(decodedHead(head)))
	s.rows.FieldsPerRecord, s.rows.LazyQuotes, s.rows.ReuseRecord = -1, true, true
	return s, nil
}

// next returns the next row that is not blank, or io.EOF. The cells are valid
// until the next.
func (s *sheet) next() ([]string, error) {
	for s.err == nil {
		s.limit.left = maxRecord
		row, err := s.rows.Read()
		if len(row) > maxColumns {
			err = errTooLong
		}
		if err != nil {
			s.end(err)
			break
		}
		for i := range row {
			row[i] = cell(row[i])
		}
		if blank(row) || s.n == 0 && separatorRow(row) {
			continue
		}
		s.n++
		return row, nil
	}
	return nil, s.err
}

// end notes how the table ended; that is said again each time.
func (s *sheet) end(err error) {
	if s.err = err; err != io.EOF {
		s.err = &torn{s.rows.InputOffset(), s.n, err}
	}
}

// first are the first rows, as many as are looked at to tell what the columns
// hold.
func (s *sheet) first() (rows [][]string) {
	for len(rows) < maxSampled {
		row, err := s.next()
		if err != nil {
			break
		}
		rows = append(rows, append([]string(nil), row...))
	}
	return rows
}

// whole reports, at the end, whether the last line of the table was.
func (s *sheet) whole() bool { return s.tail.last == '\n' || s.tail.last == '\r' }

// cell makes one cell text that can be stored.
func cell(text string) string {
	if len(text) > maxText {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD"))
}

func blank(row []string) bool { return strings.Join(row, "") == "" }

// separatorRow is the line sep=; that Excel takes for a hint.
func separatorRow(row []string) bool {
	return len(strings.Join(row, "")) <= len("sep=;") && strings.HasPrefix(strings.ToLower(row[0]), "sep=")
}

// decoded turns a table's text into UTF-8 without a mark.
func decoded(in io.Reader, head []byte) io.Reader {
	switch wide := wideOf(head); {
	case wide != nil:
		return transform.NewReader(in, wide)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return transform.NewReader(in, unicode.BOMOverride(transform.Nop))
	}
	return in
}

// decodedHead is decoded for the beginning of a text.
func decodedHead(head []byte) []byte {
	if wideOf(head) == nil {
		return bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	}
	text, _ := io.ReadAll(decoded(bytes.NewReader(head[:len(head)&^1]), head))
	return text
}

// wideOf is the decoder of a text in UTF-16, nil for another: by its mark, or
// without one by the zeros beside ASCII.
func wideOf(head []byte) transform.Transformer {
	order := unicode.LittleEndian
	switch {
	case len(head) < 4:
		return nil
	case head[0] == 0xff && head[1] == 0xfe, head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
	case head[0] == 0xfe && head[1] == 0xff, head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		order = unicode.BigEndian
	default:
		return nil
	}
	return unicode.BOMOverride(unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder())
}

// firstLine is the first line of a text that says something.
func firstLine(text []byte) string {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return string(line)
		}
	}
	return ""
}

// separator is what stands between the cells of a line: what is there most,
// outside quotes; the comma if nothing is.
func separator(line string) rune {
	if rest, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && (rest == ";" || rest == "," || rest == "\t") {
		return rune(rest[0])
	}
	best, most := ',', 0
	for _, sep := range ",;\t" {
		n, quoted := 0, false
		for _, c := range line {
			switch {
			case c == '"':
				quoted = !quoted
			case c == sep && !quoted:
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

// headRows are the rows at the beginning of a table's text that are whole.
func headRows(head []byte) [][]string {
	text := decodedHead(head)
	if len(head) >= maxHead {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil // no text at all
	}
	s, err := openSheet(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	return s.first()
}
