package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// wanderer is the account that the sample export's owner follows from.
const wanderer = "wanderer@mudflat.test"

// newSample is a sample world, the program in it, and its sample exports.
func newSample(t *testing.T, env ...string) (*feditest.SampleWorld, *program, []string) {
	t.Helper()
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	sample := feditest.Sample(world)
	p := newProgram(t, world, env...)
	files, err := writeSamples(t.TempDir(), sample)
	if err != nil {
		t.Fatal(err)
	}
	return sample, p, files
}

// login connects the wanderer with a token, as somebody does who made one on
// the server's own pages.
func (p *program) login(sample *feditest.SampleWorld) {
	p.t.Helper()
	token := sample.Home.Token("wanderer")
	r := p.must(token.Reveal()+"\n", "login", "--token-stdin", "@"+wanderer)
	if r.stdout != "Connected: @"+wanderer+".\n" {
		p.t.Errorf("login said %q", r.stdout)
	}
	p.keeps(r, token.Reveal())
}

// keeps fails the test if a run said what it must not.
func (p *program) keeps(r result, secret string) {
	p.t.Helper()
	if strings.Contains(r.stdout+r.stderr, secret) {
		p.t.Errorf("a secret was said:\n%s%s", r.stdout, r.stderr)
	}
}

// lines decodes JSON lines.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var all []T
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var one T
		if err := d.Decode(&one); err != nil {
			t.Fatalf("no JSON line: %v\n%s", err, text)
		}
		all = append(all, one)
	}
	return all
}

// once checks that nobody was asked more than once, by the far side's own count.
func once(t *testing.T, world *feditest.World, follower string) {
	t.Helper()
	for _, f := range world.Follows(follower) {
		if f.Made > 1 || f.Posts > 1 {
			t.Errorf("%s: %d POSTs, asked %d times", f.Handle, f.Posts, f.Made)
		}
	}
}

// posts counts the follows that the home server was sent.
func posts(world *feditest.World, follower string) int {
	n := 0
	for _, f := range world.Follows(follower) {
		n += f.Posts
	}
	return n
}

// TestTerminal walks the whole journey as somebody does in a terminal: sample
// exports in, matches found, an account connected, followed, and everything
// deleted.
func TestTerminal(t *testing.T) {
	t.Parallel()
	sample, p, files := newSample(t)
	imports(t, p, sample, files)
	matches(t, p, sample)
	p.login(sample)
	doctor(t, p)
	dryRun(t, p, sample)
	importFile(t, p, sample)
	before := circle(sample.World)
	follows(t, p, sample)
	followsAgain(t, p, sample)
	undoes(t, p, sample, before)
	exports(t, p, sample)
	forgets(t, p)
}

// circle is whom the wanderer follows or has asked, by the servers' own rows.
func circle(world *feditest.World) (handles []string) {
	for _, f := range world.Follows(wanderer) {
		if f.State == feditest.Accepted || f.State == feditest.Pending {
			handles = append(handles, f.Handle)
		}
	}
	slices.Sort(handles)
	return handles
}

// undoes takes back what Godwit followed, and nothing else.
func undoes(t *testing.T, p *program, sample *feditest.SampleWorld, before []string) {
	now := circle(sample.World)
	r := p.run("no\n", "follow", "--undo")
	if r.status != exitFailed || !strings.Contains(r.stderr, "Nobody else is touched.") || !strings.Contains(r.stderr, "Nothing was unfollowed.") {
		t.Errorf("undo without a yes: status %d, %q", r.status, r.stderr)
	}
	if got := circle(sample.World); !slices.Equal(got, now) || len(now) <= len(before) {
		t.Errorf("without a yes %v became %v", now, got)
	}
	accounts, sum := followLines(t, p.must("", "follow", "--undo", "--yes", "--json").stdout)
	if n := len(now) - len(before); len(accounts) < n || sum.Summary[social.Undone] != len(accounts) { // a request may have been declined meanwhile
		t.Errorf("%d lines, %d undone, want %d", len(accounts), sum.Summary[social.Undone], n)
	}
	if got := circle(sample.World); !slices.Equal(got, before) {
		t.Errorf("after the undo the wanderer follows %v, before Godwit %v", got, before)
	}
	if r := p.must("", "follow", "--undo"); !strings.Contains(r.stdout, "Nothing to undo") {
		t.Errorf("a second undo said %q", r.stdout)
	}
}

func imports(t *testing.T, p *program, sample *feditest.SampleWorld, files []string) {
	r := p.must("", "import", "--json", files[0], files[1])
	read := lines[imported](t, r.stdout)
	if len(read) != 2 {
		t.Fatalf("import --json gave %d lines:\n%s", len(read), r.stdout)
	}
	for i, want := range []social.SourceKind{social.KindXArchive, social.KindWebExporter} {
		got := read[i]
		if got.Path != files[i] || got.Kind != want || got.Counts.Following != len(sample.People) || got.Bytes == 0 {
			t.Errorf("source %d: %+v", i, got)
		}
	}
	if owner := read[0].Owner; owner.ID != sample.Owner.XID || owner.Username != sample.Owner.XUsername || read[0].ExportedAt == "" {
		t.Errorf("the archive's owner: %+v, exported at %q", owner, read[0].ExportedAt)
	}
	again := p.must("", "import", "--json", files[0])
	if !strings.Contains(again.stderr, "Nothing changed") || len(lines[imported](t, again.stdout)) != 1 {
		t.Errorf("the same file again: %q %q", again.stdout, again.stderr)
	}
}

func matches(t *testing.T, p *program, sample *feditest.SampleWorld) {
	r := p.must("", "match")
	if !strings.Contains(r.stdout, " of ") || !strings.Contains(r.stdout, "people found") {
		t.Errorf("match said %q", r.stdout)
	}
	asked := sample.World.Stats("*").Requests
	r = p.must("", "match", "--json")
	if n := sample.World.Stats("*").Requests; n != asked {
		t.Errorf("a second match asked %d times", n-asked)
	}
	found := map[string]matched{}
	for _, m := range lines[matched](t, r.stdout) {
		found[m.Username] = m
		if m.Network != social.X || m.ID == "" || len(m.Reasons) == 0 {
			t.Errorf("a match without its reasons: %+v", m)
		}
	}
	if m := found["tidewatch_mo"]; m.Handle != "mo@tideline.test" || m.Certainty != social.Certain {
		t.Errorf("a link back makes certain: %+v", m)
	}
	if m := found["solveig_str"]; m.Handle != "solveig@curlew.test" {
		t.Errorf("moved away: %+v", m)
	}
	matchTable(t, p)
}

// table reads a CSV that the program wrote.
func table(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func matchTable(t *testing.T, p *program) {
	path := filepath.Join(t.TempDir(), "matches.csv")
	p.must("", "match", "--csv", path)
	text := ""
	for _, row := range table(t, path) {
		text += strings.Join(row, "\t") + "\n"
	}
	for _, want := range []string{"tidewatch_mo", "mo@tideline.test", "typo_theo"} { // the last was not found
		if !strings.Contains(text, want) {
			t.Errorf("matches.csv lacks %s:\n%s", want, text)
		}
	}
}

func doctor(t *testing.T, p *program) {
	r := p.must("", "doctor", "--json", "mudflat.test")
	var d diagnosis
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || d.Host != "mudflat.test" || d.Flavour != social.Mastodon || len(d.Budgets) == 0 || len(d.Rules) != 3 {
		t.Errorf("doctor --json: %v %+v", err, d)
	}
	if r := p.must("", "doctor", "@quill@godwits.test"); !strings.Contains(r.stdout, "gotosocial") {
		t.Errorf("doctor of a handle: %s", r.stdout)
	}
}

func dryRun(t *testing.T, p *program, sample *feditest.SampleWorld) {
	r := p.must("", "follow", "--dry-run", "--yes")
	if !strings.Contains(r.stdout, "@mo@tideline.test") || !strings.HasSuffix(r.stdout, "would be followed from @"+wanderer+". Nothing was sent.\n") {
		t.Errorf("follow --dry-run said:\n%s", r.stdout)
	}
	if n := posts(sample.World, wanderer); n != 0 {
		t.Errorf("a dry run followed %d", n)
	}
}

func importFile(t *testing.T, p *program, sample *feditest.SampleWorld) {
	path := filepath.Join(t.TempDir(), "following.csv")
	p.must("", "follow", "--csv", path)
	rows := table(t, path)
	if len(rows) < 20 || rows[0][0] != "Account address" {
		t.Fatalf("following.csv: %v", rows)
	}
	if !slices.ContainsFunc(rows, func(row []string) bool { return row[0] == "mo@tideline.test" }) {
		t.Errorf("following.csv lacks a certain match: %v", rows)
	}
	if n := posts(sample.World, wanderer); n != 0 {
		t.Errorf("writing the file followed %d", n)
	}
}

// summary is the last line of follow --json.
type summary struct {
	Summary     map[social.Outcome]int `json:"summary"`
	Requests    *int                   `json:"requests"`
	RateLimited *int                   `json:"rate_limited"`
	Seconds     *float64               `json:"seconds"`
}

// followLines are the lines of follow --json: one an account, and the summary.
func followLines(t *testing.T, text string) ([]followed, summary) {
	t.Helper()
	all := strings.SplitAfter(strings.TrimSpace(text), "\n")
	last := lines[summary](t, all[len(all)-1])
	if len(last) != 1 || last[0].Summary == nil || last[0].Requests == nil || last[0].RateLimited == nil || last[0].Seconds == nil {
		t.Fatalf("follow --json ends without its summary:\n%s", text)
	}
	return lines[followed](t, strings.Join(all[:len(all)-1], "")), last[0]
}

func follows(t *testing.T, p *program, sample *feditest.SampleWorld) {
	before := sample.World.Stats(sample.Home.Name()).Requests
	r := p.run("", "follow", "--yes", "--json")
	if r.status != exitDone && r.status != exitStopped {
		t.Fatalf("follow: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	accounts, sum := followLines(t, r.stdout)
	counted := count(accounts)
	for outcome, n := range counted {
		if sum.Summary[outcome] != n {
			t.Errorf("%d lines say %s, the summary %d", n, outcome, sum.Summary[outcome])
		}
	}
	if waits := counted[social.Deferred] > 0; waits != (r.status == exitStopped) {
		t.Errorf("status %d with %d waiting", r.status, counted[social.Deferred])
	}
	if sent := sample.World.Stats(sample.Home.Name()).Requests - before; *sum.Requests == 0 || *sum.Requests > sent || *sum.RateLimited != 0 {
		t.Errorf("said %d requests and %d refusals, the home server saw %d", *sum.Requests, *sum.RateLimited, sent)
	}
	fates(t, accounts, sample)
	once(t, sample.World, wanderer)
}

// fates holds the outcomes of some of the sample's people against the truth.
func fates(t *testing.T, accounts []followed, sample *feditest.SampleWorld) {
	t.Helper()
	got := map[string]followed{}
	for _, a := range accounts {
		got[a.Handle] = a
	}
	for handle, want := range map[string]social.Outcome{
		"mo@tideline.test": social.Followed, "brigid@tideline.test": social.Already, "bea@brent.test": social.Requested,
	} {
		if got[handle].Outcome != want {
			t.Errorf("%s: %+v, want %s", handle, got[handle], want)
		}
	}
	for _, a := range accounts {
		state := sample.World.Between(wanderer, a.Handle).State
		if a.Outcome == social.Followed && state != feditest.Accepted || a.Outcome == social.Requested && state == feditest.NotFollowing {
			t.Errorf("%s is said to be %s, and is %q", a.Handle, a.Outcome, state)
		}
	}
}

func followsAgain(t *testing.T, p *program, sample *feditest.SampleWorld) {
	before := posts(sample.World, wanderer)
	r := p.run("", "follow", "--yes")
	if r.status == exitStopped { // somebody's server is still down
		if !strings.Contains(r.stdout, "nothing was sent to them again") || !strings.Contains(r.stdout, "0 followed, 0 asked") {
			t.Errorf("a second follow said %q", r.stdout)
		}
	} else if r.status != exitDone || !strings.Contains(r.stdout, "Nothing to do") {
		t.Errorf("a second follow: status %d, %q %q", r.status, r.stdout, r.stderr)
	}
	if n := posts(sample.World, wanderer); n != before {
		t.Errorf("a second follow sent %d more", n-before)
	}
}

func exports(t *testing.T, p *program, sample *feditest.SampleWorld) {
	r := p.must("", "export")
	tables := exportTables(t, r.stdout)
	for _, name := range []string{"user", "destinations", "sources", "accounts", "edges", "matches", "follow_jobs"} {
		if len(tables[name]) == 0 {
			t.Errorf("the export has no %s", name)
		}
	}
	if len(tables["sources"]) != 2 || len(tables["destinations"]) != 1 {
		t.Errorf("%d sources and %d destinations", len(tables["sources"]), len(tables["destinations"]))
	}
}

// exportTables decodes what `godwit export` prints.
func exportTables(t *testing.T, text string) map[string][]map[string]any {
	t.Helper()
	var tables map[string][]map[string]any
	if err := json.Unmarshal([]byte(text), &tables); err != nil {
		t.Fatalf("the export is no JSON: %v", err)
	}
	return tables
}

func forgets(t *testing.T, p *program) {
	if r := p.run("no\n", "forget"); r.status != exitFailed || !strings.Contains(r.stderr, "Nothing was deleted") {
		t.Errorf("forget without a yes: status %d, %q", r.status, r.stderr)
	}
	p.must("", "forget", "--yes")
	for name, rows := range exportTables(t, p.must("", "export").stdout) {
		if name != "user" && len(rows) > 0 { // the owner of the machine comes back empty
			t.Errorf("after forget %d rows are left of %s", len(rows), name)
		}
	}
	left, err := filepath.Glob(filepath.Join(p.dataDir(), "spool", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("after forget the spool holds %v, %v", left, err)
	}
}

// dataDir is the program's data directory.
func (p *program) dataDir() string {
	for _, v := range slices.Backward(p.env) {
		if dir, ok := strings.CutPrefix(v, "GODWIT_DATA_DIR="); ok {
			return dir
		}
	}
	p.t.Fatal("no data directory")
	return ""
}
