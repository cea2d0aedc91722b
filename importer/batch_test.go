package importer

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// numbers splits what is no stream: n elements, of which the eighth is long.
type numbers struct {
	n, at int
	end   error
}

var longElement = `"` + strings.Repeat("x", 3*batchSize) + `"`

func (s *numbers) fill(b *batch) error {
	b.text, b.elements = b.text[:0], b.elements[:0]
	for ; s.at < s.n; s.at++ {
		if len(b.text) > batchSize {
			return nil
		}
		from, v := len(b.text), strconv.Itoa(s.at)
		if s.at == 7 {
			v = longElement
		}
		b.text = append(b.text, v...)
		b.elements = append(b.elements, indices{from, len(b.text)})
	}
	return s.end
}

func TestInBatches(t *testing.T) {
	broken, enough := errors.New("broken"), errors.New("enough")
	for _, tc := range []struct {
		n, stopAt, want int
		end, err        error
	}{
		{0, -1, 0, io.EOF, nil}, {1, -1, 1, io.EOF, nil}, {100_000, -1, 100_000, io.EOF, nil}, {100_000, -1, 100_000, broken, broken},
		{100_000, 0, 1, nil, enough}, {100_000, 7, 8, broken, enough}, {100_000, 60_000, 60_001, broken, enough}, {100_000, 99_999, 100_000, broken, enough},
	} {
		got := 0
		err := inBatches(&numbers{n: tc.n, end: tc.end}, func(v jsontext.Value) error {
			if want := strconv.Itoa(got); string(v) != want && (got != 7 || string(v) != longElement) {
				t.Fatalf("%.20s instead of %d", v, got)
			}
			if got++; got-1 == tc.stopAt {
				return enough
			}
			return nil
		})
		if err != tc.err || got != tc.want {
			t.Errorf("%+v: %d elements, %v", tc, got, err)
		}
	}
}

func TestAnswersAreKept(t *testing.T) {
	var s answers
	r := rand.New(rand.NewPCG(1, 2))
	var want []answer
	for range 50_000 {
		a := answer{r.Int64(), r.Int64N(1 << r.IntN(63)), r.IntN(2) == 0}
		want = append(want, a)
		s.add(a)
	}
	if got := slices.Collect(s.all()); !slices.Equal(got, want) || s.n != len(want) {
		t.Errorf("%d of %d are the same", s.n, len(want))
	}
	for a := range s.all() {
		if a != want[0] {
			t.Error(a)
		}
		break
	}
}

// The filter tells a million posts apart, whether their ids are near each
// other, as those of today, or were given one by one, as until 2010.
func TestFilterTellsPostsApart(t *testing.T) {
	const n = 1_000_000
	for name, id := range map[string]func(i int64) int64{
		"one by one":  func(i int64) int64 { return i + 1 },
		"now":         func(i int64) int64 { return at(0) - i<<29 },
		"same worker": func(i int64) int64 { return at(0) - i<<22 },
	} {
		f := newFilter(n * 400)
		for i := range int64(n) {
			if f.has(id(i)) || !f.add(id(i)) {
				t.Fatalf("%s: %d was there before", name, i)
			}
		}
		for i := range int64(n) {
			if f.add(id(i)) || !f.has(id(i)) {
				t.Fatalf("%s: %d is not there", name, i)
			}
		}
	}
}
