package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestMain lets the test binary stand in for the command where that starts
// itself again for a task.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && tasks[os.Args[1]] != nil {
		main()
	}
	os.Exit(m.Run())
}

// TestShort measures everything in small and looks whether the figures can be
// true; how good they are is not a test's business.
func TestShort(t *testing.T) {
	b, err := newBench(true, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.long = true
	rows, err := b.measure(t.Context(), benchmarks)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]row{}
	for _, r := range rows {
		got[r.name] = r
	}
	for name, plausible := range map[string][2]float64{
		"import: speed":                          {0.001, 2},
		"import: processor time":                 {0.001, 2},
		"import: memory":                         {4, 500},
		"import: memory, ten times the posts":    {0.5, 20},
		"import: times as fast as Python":        {0.01, 10_000},
		"import: times as small as Python":       {0.01, 10_000},
		"save edges, SQLite":                     {0.0001, 100},
		"save edges, PostgreSQL":                 {0.0001, 100},
		"registry, SQLite":                       {0.00001, 60},
		"registry, PostgreSQL":                   {0.00001, 60},
		"import into SQLite: speed":              {0.001, 10_000},
		"import into SQLite: memory":             {4, 1000},
		"follow, mastodon: requests":             {2, 3},
		"follow, mastodon: answers 429":          {0, 0},
		"follow, mastodon: finished":             {0, 50},
		"follow, mastodon: finished, all used":   {0, 3600},
		"follow, gotosocial: requests":           {2, 3},
		"follow, gotosocial: answers 429":        {0, 0},
		"follow, gotosocial: finished":           {0, 50},
		"follow, gotosocial: finished, all used": {0, 3600},
		"follow, snac: requests":                 {2, 4},
		"follow, snac: answers 429":              {0, 0},
		"follow, snac: finished":                 {0, 50},
		"follow, snac: finished, all used":       {0, 3600},
		"wave: requests":                         {1, 2},
		"wave: WebFinger":                        {0.5, 1},
		"wave: target hosts":                     {1, 300},
		"wave: slowest newcomer":                 {1, 1e5},
		"wave: longest stay":                     {1, 3600 * 24},
		"queue: sweep and scheduler":             {0, 1},
		"queue: first follow":                    {0, 120},
		"extract: bios":                          {1000, 1e8},
		"page of Matches, SQLite":                {0.01, 10_000},
	} {
		r, ok := got[name]
		if runtime.GOOS != "linux" && strings.Contains(name, ": memory") {
			continue // see peakMemory
		}
		if !ok || r.measured == "" || r.beside == "" || r.got < plausible[0] || r.got > plausible[1] {
			t.Errorf("%s: %+v", name, r)
		}
		delete(got, name)
	}
	if len(got) > 0 && runtime.GOOS == "linux" {
		t.Errorf("rows that no test knows: %v", got)
	}
	for _, s := range small.scenes {
		if r := find(rows, "follow, "+string(s.flavour)+": requests"); !strings.HasPrefix(r.beside, fmt.Sprintf("%[1]d of %[1]d followed", s.people)) {
			t.Errorf("on %s not all were followed: %s", s.flavour, r.beside)
		}
	}
	if _, err := exec.LookPath("node"); err != nil && find(rows, "extract: bios").beside != "node not here" {
		t.Error("a figure of a Node that is not there")
	}
}

func find(rows []row, name string) row {
	for _, r := range rows {
		if r.name == name {
			return r
		}
	}
	return row{}
}

// TestCommand runs the command itself: the table, its last line, and nothing
// left behind.
func TestCommand(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out, says bytes.Buffer
	if status := run(t.Context(), []string{"-short", "-only", "extract"}, &out, &says); status != exitDone {
		t.Fatalf("status %d: %s", status, &says)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "name ") || !strings.HasPrefix(lines[1], "extract: bios ") || lines[2] != "No aim was measured." {
		t.Errorf("printed\n%s", &out)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-only", "nothing"}, {"surplus"}, {"-wrong"}} {
		if status := run(t.Context(), args, io.Discard, io.Discard); status != exitUsage {
			t.Errorf("%v: status %d", args, status)
		}
	}
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		rows  []row
		short int
		last  string
	}{
		{nil, 0, "No aim was measured."},
		{[]row{{name: "a", aim: atLeast(0.15, ""), got: 0.15}, {name: "b", aim: atMost(0, ""), got: 0}, {name: "c"}}, 0, "All 2 aims are reached."},
		{[]row{{name: "a", aim: atLeast(0.15, ""), got: 0.14}, {name: "b", aim: atMost(64, "MiB"), got: 65}, {name: "c", aim: atMost(1, ""), got: 1}},
			2, "2 of 3 aims are missed: a; b."},
	} {
		var out bytes.Buffer
		writeTable(&out, c.rows)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if last := lines[len(lines)-1]; last != c.last || len(lines) != len(c.rows)+2 || strings.Count(out.String(), "  short\n") != c.short {
			t.Errorf("printed\n%s", &out)
		}
	}
}

func TestEarliest(t *testing.T) {
	at := func(text string) time.Time {
		instant, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	for _, c := range []struct {
		flavour    social.Flavour
		n          int
		from, want string
	}{
		{social.Mastodon, 150, "2026-11-20 09:00:00", "2026-11-20 09:00:00"}, // 300 requests at once
		{social.Mastodon, 151, "2026-11-20 09:03:00", "2026-11-20 09:05:00"}, // the window ends at :05
		{social.Mastodon, 400, "2026-11-20 09:03:00", "2026-11-20 09:10:00"},
		{social.Mastodon, 401, "2026-11-20 09:03:00", "2026-11-21 00:00:00"},
		{social.Mastodon, 600, "2026-11-20 09:03:00", "2026-11-21 00:05:00"},
		{social.Mastodon, 801, "2026-11-20 09:03:00", "2026-11-22 00:00:00"},
		{social.Mastodon, 550, "2026-11-20 23:59:00", "2026-11-21 00:10:00"}, // 150 yesterday, 400 today
		{social.Mastodon, 551, "2026-11-20 23:59:00", "2026-11-22 00:00:00"},
		{social.GoToSocial, 151, "2026-11-20 09:03:00", "2026-11-20 09:08:00"},
		{social.Snac, 10, "2026-11-20 09:00:00", "2026-11-20 09:00:19"},
	} {
		if got := allowances[c.flavour].earliest(c.n, at(c.from)); !got.Equal(at(c.want)) {
			t.Errorf("%d on %s from %s: %s, want %s", c.n, c.flavour, c.from, got, c.want)
		}
	}
}
