package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
)

// isValue reports whether text is one value with blanks around it.
func isValue(text []byte) bool {
	whole := append(bytes.Clone(text), ' ') // by which a number ends
	end := pastValue(whole, pastBlanks(whole, 0), maxNesting)
	return end >= 0 && pastBlanks(whole, end) == len(whole)
}

var grammarCases = []string{
	``, ` `, `0`, `-0`, `-`, `01`, `-01`, `1.`, `1.5`, `.5`, `1e`, `1e+`, `1E-07`, `1e5.`, `+1`, `0x1`, `1_0`, `NaN`,
	`true`, `tru`, `truex`, `fals`, `null`, `nul`, `nulls`, `True`,
	`""`, `"`, `"\`, `"\"`, `"\""`, `"\\"`, `"\x"`, `"\u12G4"`, `"\uD800"`, `"\u00"`, `"\u00e9\/\b\f\n\r\t"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\xff\"", "\"a\nb\"",
	`"0123456"`, `"01234567"`, `"012345678"`, `"012345\"7"`, "\"0123456\t\"", `"ゐゑヰヱ"`,
	`[]`, `[ ]`, `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1]]`, `[1,[2,[3]]]`, `[1}`, `["a","b"]`,
	`{}`, `{ }`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{1:2}`, `{"a":1 "b":2}`, `{"a":1,"a":2}`, `{"a" : {"b" : [ {} ]}}`, `{"a":1]`, `{"":0}`,
	"\t\r\n {\n    \"a\" : \"b\"\n        } \n", "\v1", "\u00a01", "\ufeff1", `1,2`, `/**/1`, `'a'`,
}

// FuzzGrammar holds the grammar against encoding/json, and against itself with
// the end of the bytes missing.
func FuzzGrammar(f *testing.F) {
	for _, c := range grammarCases {
		f.Add([]byte(c))
	}
	f.Add([]byte(strings.Repeat("[", maxNesting) + strings.Repeat("]", maxNesting)))
	f.Add([]byte(strings.Repeat("[", maxNesting+1) + strings.Repeat("]", maxNesting+1)))
	f.Add([]byte(strings.Repeat(`{"a":`, maxNesting) + "1" + strings.Repeat("}", maxNesting)))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := json.Valid(text)
		if got := isValue(text); got != want {
			t.Fatalf("%q is a value: %t, by encoding/json %t", text, got, want)
		}
		if !want || len(text) > 1000 {
			return
		}
		text = bytes.TrimSpace(text)
		for n := range len(text) {
			if end := pastValue(text[:n], 0, maxNesting); end != unfinished {
				t.Fatalf("%q of %q: %d instead of unfinished", text[:n], text, end)
			}
		}
	})
}

// FuzzCutter cuts lists and compares what comes out with encoding/json, also
// where the file stops making sense, and whatever pieces it is read in.
func FuzzCutter(f *testing.F) {
	for _, c := range grammarCases {
		f.Add("x = ["+c+"]", 7)
		f.Add("["+c+` , {"a":1}] ;`, 3)
	}
	f.Fuzz(func(t *testing.T, text string, piece int) {
		piece = max(1, min(piece, 100))
		elements, end := cutAll(io.MultiReader(strings.NewReader(text)))
		again, endAgain := cutAll(&inPieces{strings.NewReader(text), piece})
		if len(elements) != len(again) || (end == nil) != (endAgain == nil) || end != nil && end.Error() != endAgain.Error() {
			t.Fatalf("%q: %q %v, in pieces %q %v", text, elements, end, again, endAgain)
		}
		for i, e := range elements {
			if !json.Valid([]byte(e)) || e != again[i] {
				t.Fatalf("%q: %q, in pieces %q", text, e, again[i])
			}
		}
		list := strings.TrimRight(afterPrefix(text), "; \t\r\n")
		var want []json.RawMessage
		if valid := json.Unmarshal([]byte(list), &want) == nil && strings.HasPrefix(list, "["); valid != (end == nil) {
			t.Fatalf("%q ends with %v, %q is valid: %t", text, end, list, valid)
		}
		for i := range want {
			if len(want) != len(elements) || string(want[i]) != elements[i] {
				t.Fatalf("%q: %q, by encoding/json %q", text, elements, want)
			}
		}
	})
}

// afterPrefix is a text of less than maxHead without what stands before the list.
func afterPrefix(text string) string {
	h := header{r: strings.NewReader(text)}
	if _, err := h.skip(); err != nil {
		return ""
	}
	rest, _ := io.ReadAll(&h)
	return string(rest)
}

func cutAll(r io.Reader) (elements []string, end error) {
	end = stream(r, func(v jsontext.Value) error {
		elements = append(elements, string(v))
		return nil
	})
	return elements, end
}

// inPieces reads a few bytes at a time.
type inPieces struct {
	r     io.Reader
	piece int
}

func (p *inPieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.piece)]) }

// An element may be longer than a batch; one that is longer than any, or a disk
// that fails, ends the list where it last made sense.
func TestCutterEnds(t *testing.T) {
	broken := errors.New("broken")
	long := `"` + strings.Repeat("x", maxRecord/2) + `"`
	for name, tc := range map[string]struct {
		r     io.Reader
		n     int
		at    int64
		cause error
	}{
		"long elements": {strings.NewReader("[1," + long + ", 2," + long + "]"), 4, 0, nil},
		"too long":      {strings.NewReader(`[1, "` + strings.Repeat("x", 2*maxRecord)), 1, 2, errTooLong},
		"long blanks":   {strings.NewReader("[1" + strings.Repeat(" ", 3*batchSize) + "," + strings.Repeat(" ", 3*batchSize) + "2]"), 2, 0, nil},
		"long trailer":  {strings.NewReader("[1]" + strings.Repeat("\n", 2*maxRecord)), 1, 0, nil},
		"disk":          {io.MultiReader(strings.NewReader("x=[1,2,3"), iotest.ErrReader(broken)), 2, 6, broken},
		"disk after it": {io.MultiReader(strings.NewReader("[1]"), iotest.ErrReader(broken)), 1, 3, broken},
		"ends early":    {strings.NewReader("x = [1, {"), 1, 6, io.ErrUnexpectedEOF},
		"no list":       {strings.NewReader("x = {}"), 0, 4, errNoWrapper},
		"nothing":       {strings.NewReader("x ="), 0, 3, errNoWrapper},
		"goes on":       {strings.NewReader("[1] 2"), 1, 3, errTrailing},
	} {
		elements, err := cutAll(tc.r)
		where, _ := errors.AsType[*cut](err)
		if len(elements) != tc.n || !errors.Is(err, tc.cause) || tc.cause != nil && where.at != tc.at {
			t.Errorf("%s: %d elements, %v", name, len(elements), err)
		}
	}
}
