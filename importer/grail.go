package importer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// From 2012 to 2019 X gave out a "tweet archive" of another form: the public
// posts only, a file for each month, with real numbers, and the original in
// each repost; no graph and no pictures.

// grailFolder holds the files that describe such an archive; the months lie
// below it and tweets.csv beside the folder data.
const grailFolder = "data/js"

var (
	monthFile = regexp.MustCompile(`^\d{4}_\d{2}\.js$`)
	grailHead = regexp.MustCompile(`^(?:Grailbird\.data\.tweets_(\d{4})_(\d{2})|var (user_details|payload_details|tweet_index))\s*=`)
)

var grailKinds = map[string]kind{
	"user_details":    grailOwnerFile,
	"payload_details": grailPayloadFile,
	"tweet_index":     grailIndexFile,
}

// grailPlace recognises a file of a tweet archive by its folder and base name,
// both in lower case.
func grailPlace(dir, base string) (place, bool) {
	if base == "tweets.csv" {
		return place{path.Join(dir, grailFolder), grailTableFile, 0}, true
	}
	if home, ok := strings.CutSuffix(dir, "/tweets"); ok && isGrail(home) && monthFile.MatchString(base) {
		return place{home, grailTweetsFile, monthNumber(base)}, true
	}
	stem, _ := strings.CutSuffix(base, ".js")
	k := grailKinds[stem]
	return place{dir, k, 0}, k != 0 && isGrail(dir)
}

func isGrail(dir string) bool { return strings.HasSuffix("/"+dir, "/"+grailFolder) }

// monthNumber orders 2012_07.js among the months.
func monthNumber(base string) int { return number([]byte(base[:4] + base[5:7])) }

// grailSingle recognises a single file of a tweet archive by its beginning.
func grailSingle(text []byte) (kind, int) {
	m := grailHead.FindSubmatch(text)
	switch {
	case m != nil && len(m[3]) > 0:
		return grailKinds[string(m[3])], 0
	case m != nil:
		return grailTweetsFile, number([]byte(string(m[1]) + string(m[2])))
	case strings.HasPrefix(strings.ReplaceAll(string(text[:min(len(text), 40)]), `"`, ""), "tweet_id,in_reply_to_"):
		return grailTableFile, 0
	}
	return 0, 0
}

// describeGrail reads whose tweet archive it is, when it was made, and its index.
func (e *Export) describeGrail(p part) error {
	if p.kind == grailIndexFile {
		return p.each(func(v jsontext.Value) error {
			var t mender
			e.list(t.text(get(v, "file_name")), number(get(v, "tweet_count")))
			return nil
		})
	}
	var v jsontext.Value
	if err := p.whole(&v); err != nil {
		return err
	}
	if p.kind == grailOwnerFile {
		return e.setOwner(get(v, "id"), get(v, "screen_name"), get(v, "full_name"))
	}
	var t mender
	if made, err := time.Parse(grailTime, t.text(get(v, "created_at"))); err == nil {
		e.exportedAt = made.UTC()
	}
	return nil
}

// grailTime is how a tweet archive writes times.
const grailTime = "2006-01-02 15:04:05 -0700"

// grailTweet reads one post of a month: what any post tells, and whose post was
// shown again.
func (r *reading) grailTweet(v jsontext.Value) error {
	user := get(v, "retweeted_status", "user")
	r.names.add(id(get(user, "id_str")), usernameOf(r.text.text(get(user, "screen_name"))), r.text.text(get(user, "name")), byMention, id(get(v, "id_str")))
	return r.tweet(v)
}

// table reads a file of comma-separated rows and gives each as the post that it
// tells of, in the form of the .js files.
type table struct {
	in      *bounded
	rows    *csv.Reader
	columns map[string]int
}

func newTable(r io.Reader) *table {
	t := &table{in: &bounded{r: r, left: maxRecord}}
	text := bufio.NewReader(t.in)
	if mark, _ := text.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		text.Discard(len(byteOrderMark)) // cannot fail, it was peeked
	}
	t.rows = csv.NewReader(text)
	t.rows.LazyQuotes, t.rows.ReuseRecord, t.rows.FieldsPerRecord = true, true, -1
	return t
}

// fill implements splitter.
func (t *table) fill(b *batch) error {
	if t.columns == nil {
		if err := t.head(); err != nil {
			return err
		}
	}
	b.text, b.elements = b.text[:0], b.elements[:0]
	for len(b.text) < batchSize {
		t.in.left = maxRecord
		row, err := t.rows.Read()
		if err == io.EOF {
			return err
		}
		if err != nil {
			return &cut{t.rows.InputOffset(), err}
		}
		from := len(b.text)
		b.text = t.appendPost(b.text, row)
		b.elements = append(b.elements, indices{from, len(b.text)})
	}
	return nil
}

// head reads the row with the names of the columns.
func (t *table) head() error {
	head, err := t.rows.Read()
	if err != nil || len(head) == 0 {
		return &cut{0, errors.Join(errNoWrapper, err)}
	}
	t.columns = map[string]int{}
	for i, name := range head {
		t.columns[name] = i
	}
	return nil
}

// cell is what stands in a column of a row, or "".
func (t *table) cell(row []string, column string) string {
	if i, ok := t.columns[column]; ok && i < len(row) {
		return row[i]
	}
	return ""
}

var shortLink = regexp.MustCompile(`https?://t\.co/[A-Za-z0-9]+`)

// appendPost writes a row of tweets.csv as a post.
func (t *table) appendPost(b []byte, row []string) []byte {
	put := func(before, column string) { b = appendText(append(b, before...), t.cell(row, column)) }
	put(`{"id_str":`, "tweet_id")
	put(`,"text":`, "text")
	put(`,"created_at":`, "timestamp")
	put(`,"in_reply_to_status_id_str":`, "in_reply_to_status_id")
	put(`,"in_reply_to_user_id_str":`, "in_reply_to_user_id")
	if t.cell(row, "retweeted_status_id") != "" {
		put(`,"retweeted_status":{"id_str":`, "retweeted_status_id")
		put(`,"user":{"id_str":`, "retweeted_status_user_id")
		b = append(b, "}}"...)
	}
	b = append(b, `,"entities":{"urls":[`...)
	b = appendTargets(b, shortLink.FindAllString(t.cell(row, "text"), -1), strings.Split(t.cell(row, "expanded_urls"), ","))
	return append(b, "]}}"...)
}

// appendTargets writes the links of a row. Which short link of the text leads
// where is told by their order only, and only if there are as many of both.
func appendTargets(b []byte, short, targets []string) []byte {
	first := true
	for i, target := range targets {
		if target == "" {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendText(append(b, `{"expanded_url":`...), target)
		if len(short) == len(targets) {
			b = appendText(append(b, `,"url":`...), short[i])
		}
		b = append(b, '}')
	}
	return b
}

// appendText appends s as JSON, mending what is not UTF-8.
func appendText(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\uFFFD")) // fails for bad UTF-8 only
	return b
}

const byteOrderMark = "\xef\xbb\xbf"

// dayOnly reports whether a tweet archive lost the time of day, as it did for
// everything before November 2010 and some of that month.
func dayOnly(t time.Time) bool {
	return t.Before(time.Date(2010, 12, 1, 0, 0, 0, 0, time.UTC)) && t.Equal(t.Truncate(24*time.Hour))
}
