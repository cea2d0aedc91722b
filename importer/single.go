package importer

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// addFile takes one given file: a zip, or a single file of an export. What it
// is, is told by its content; its name helps where the content is empty or cut.
func (c *container) addFile(f File) error {
	head := make([]byte, min(maxHead, max(f.Size, 0)))
	n, err := disk{f.ReaderAt}.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	c.date = laterOf(c.date, dateIn(f.Name))
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return c.addZip(f)
	case strings.HasSuffix(strings.ToLower(f.Name), ".zip"):
		return c.addOddZip(f)
	case bytes.HasPrefix(text, []byte("<")):
		return htmlOnly()
	}
	k, number := kindOfSingle(path.Base(strings.ReplaceAll(f.Name, `\`, "/")), text)
	if k == 0 && c.addOther(f, head) {
		return nil
	}
	if k == 0 {
		return unknownFile(f.Name)
	}
	c.parts = append(c.parts, part{name: f.Name, kind: k, number: number, size: f.Size, open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(disk{f.ReaderAt}, 0, f.Size)), nil
	}})
	return nil
}

var (
	day    = regexp.MustCompile(`^twitter-(\d{4}-\d{2}-\d{2})-`)                         // the zip of X
	millis = regexp.MustCompile(`^twitter-.*-(\d{13})(?: ?\(\d{1,3}\))?\.(?:json|csv)$`) // a list of twitter-web-exporter
)

// dateIn is the date in the name that X or twitter-web-exporter gave a file,
// or the zero time.
func dateIn(name string) time.Time {
	if m := day.FindStringSubmatch(name); m != nil {
		t, _ := time.Parse(time.DateOnly, m[1])
		return t
	}
	if m := millis.FindStringSubmatch(name); m != nil {
		return time.UnixMilli(id([]byte(m[1]))).UTC()
	}
	if m := apiFile.FindStringSubmatch(name); m != nil && m[3] != "" {
		return time.UnixMilli(id([]byte(m[3]))).UTC()
	}
	return time.Time{}
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// addOddZip takes what is called .zip but does not begin like one: something
// may lie before the zip.
func (c *container) addOddZip(f File) error {
	if _, found, err := findEnd(disk{f.ReaderAt}, f.Size); err == nil && !found {
		return notAnExport()
	}
	return c.addZip(f)
}

var (
	copied = regexp.MustCompile(` ?\(\d{1,3}\)(\.[a-z]+)$`) // a browser's second download: "tweets (1).js"
	global = regexp.MustCompile(`^window\.(?:YTD\.([a-z_]{1,40})\.part(\d{1,6})|(__THAR_CONFIG))\s*=`)
)

// kindOfSingle recognises a single file by its name, and if that was changed,
// by the variable that X puts before the data.
func kindOfSingle(base string, text []byte) (kind, int) {
	base = copied.ReplaceAllString(strings.ToLower(base), "$1")
	if k, number := kindOf(base); k != 0 {
		return k, number
	}
	if m := global.FindSubmatch(text); m != nil {
		if len(m[3]) > 0 {
			return manifestFile, 0
		}
		name := strings.ReplaceAll(string(m[1]), "_", "-")
		return kinds[name], max(number(m[2]), 0)
	}
	if k, number := grailSingle(text); k != 0 {
		return k, number
	}
	if strings.HasSuffix(base, ".json") && !savedMessages.MatchString(base) && apiKind(base) == 0 && looksWeb(text) {
		return webFile, 0
	}
	return 0, 0
}

// looksWeb reports whether text begins like a list of twitter-web-exporter: an
// array that is empty or whose first object has an id beside a name or a text.
func looksWeb(text []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(text), decodeOptions...)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return false
	}
	if dec.PeekKind() == ']' {
		return true
	}
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	names := map[string]bool{}
	for dec.PeekKind() == '"' {
		t, err := dec.ReadToken()
		if err != nil {
			break
		}
		names[t.String()] = true
		if dec.SkipValue() != nil {
			break
		}
	}
	return names["id"] && (names["screen_name"] || names["full_text"]) || names["metadata"]
}
