package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// A flock is a world with a home server, people on other servers, their export
// as files, and the program.
type flock struct {
	world    *feditest.World
	home     *feditest.Host
	roosts   []*feditest.Host
	p        *program
	files    []string
	survived int // kills that came too late
	killed   map[string]int
}

const (
	flockHosts = 12
	flockEach  = 3 // people on each host
	follower   = "me@home.test"
)

// newFlock makes a world that is the same each time. archive is a large export
// of X, read before the list of the people.
func newFlock(t *testing.T, archive string, env ...string) *flock {
	t.Helper()
	world := feditest.New(feditest.Options{LogCap: -1})
	t.Cleanup(world.Close)
	f := &flock{world: world, home: world.AddHost("home.test", social.Mastodon), killed: map[string]int{}}
	f.home.AddAccount("me")
	var people []importertest.Person
	flavours := []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac}
	for i := range flockHosts {
		host := world.AddHost(fmt.Sprintf("roost%d.test", i), flavours[i%3])
		f.roosts = append(f.roosts, host)
		for k := range flockEach {
			person := importertest.Person{ID: fmt.Sprintf("9000000000000%05d", 10*i+k), Username: fmt.Sprintf("bird_%d_%d", i, k), Following: true}
			options := []feditest.AccountOption{feditest.Field("X", "https://x.com/"+person.Username)}
			if k == 1 && i%4 == 0 {
				options = append(options, feditest.Locked())
			}
			person.Bio = "now at @" + host.AddAccount(fmt.Sprint("bird", k), options...).Handle()
			people = append(people, person)
		}
	}
	f.p = newProgram(t, world, env...)
	list := filepath.Join(t.TempDir(), "twitter-Following-people.json")
	if err := writeListFile(list, people); err != nil {
		t.Fatal(err)
	}
	f.files = []string{archive, list}
	return f
}

func writeListFile(path string, people []importertest.Person) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return importertest.WriteWebExporter(file, people)
}

// largeArchive writes an export of X whose posts have that many bytes.
func largeArchive(t *testing.T, text int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "twitter-2026-07-25.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := importertest.Generate(file, importertest.Shape{Text: text, People: 4000, Following: 6000, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return path
}

// act is one command of the journey and how far it has come, in a measure of
// which a run makes at least some part of most.
type act struct {
	args []string
	far  func() int
	most int
}

func (f *flock) acts() []act {
	return []act{
		{append([]string{"import"}, f.files...), f.written, 2 << 20},
		{[]string{"match"}, func() int { return f.world.Stats("*").Requests }, flockHosts * flockEach},
		{[]string{"follow", "--yes"}, func() int { return f.world.Stats("home.test").Requests }, flockHosts * flockEach},
	}
}

// written is how many bytes the database has taken.
func (f *flock) written() int {
	n := 0
	for _, name := range []string{"godwit.db", "godwit.db-wal"} {
		if info, err := os.Stat(filepath.Join(f.p.dataDir(), name)); err == nil {
			n += int(info.Size())
		}
	}
	return n
}

// journey does all acts; kills says how often each is killed before it may
// come to its end.
func (f *flock) journey(random *rand.Rand, kills func(act string) int) error {
	for _, a := range f.acts() {
		name := a.args[0]
		if name == "follow" {
			if err := f.done(f.home.Token("me").Reveal(), "login", "--token-stdin", "@"+follower); err != nil {
				return err
			}
		}
		for range kills(name) {
			if err := f.kill(a, random); err != nil {
				return err
			}
		}
		if err := f.done("", a.args...); err != nil {
			return err
		}
	}
	return nil
}

// done runs a command again and again until it has done everything.
func (f *flock) done(stdin string, args ...string) error {
	var r result
	for range 5 {
		if r = f.p.run(stdin, args...); r.status != exitStopped {
			break
		}
	}
	if r.status != exitDone {
		return fmt.Errorf("godwit %s: status %d\n%s%s", args[0], r.status, r.stdout, r.stderr)
	}
	return nil
}

// kill starts a command and kills it with signal 9 at a random moment.
func (f *flock) kill(a act, random *rand.Rand) error {
	until := a.far() + random.IntN(a.most)
	more := time.Duration(random.IntN(30)) * time.Millisecond
	cmd := f.p.command(a.args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for far := false; !far; {
		select {
		case <-ended:
			far = true
		case <-tick.C:
			far = a.far() >= until
		}
	}
	select {
	case <-ended:
	case <-time.After(more):
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	<-ended
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		f.killed[a.args[0]]++
	} else {
		f.survived++
	}
	return nil
}

// end is the state in which everything is after the journey: what the program
// holds, without times and ids, and what is true on the servers.
func (f *flock) end() ([]string, error) {
	r := f.p.run("", "export")
	var tables map[string][]map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &tables); err != nil || r.status != exitDone {
		return nil, fmt.Errorf("export: status %d, %v\n%s", r.status, err, r.stderr)
	}
	all := digest(tables)
	for _, follow := range f.world.Follows(follower) {
		all = append(all, fmt.Sprintf("on the servers: %s is %s, asked %d times", follow.Handle, follow.State, follow.Made))
	}
	slices.Sort(all)
	return all, nil
}

// digest is a line for each row, with names in place of ids and without times
// and without what depends on when something was tried.
func digest(tables map[string][]map[string]any) []string {
	names := map[string]string{}
	name := func(column string, id any) string { return names[fmt.Sprint(column, " ", id)] }
	for _, x := range tables["accounts"] {
		names[fmt.Sprint("account_id ", x["id"])] = fmt.Sprint(x["network"], ":", x["native_id"], ":", x["username"])
	}
	for _, x := range tables["sources"] {
		names[fmt.Sprint("source_id ", x["id"])] = fmt.Sprint(x["name"])
	}
	for _, x := range tables["destinations"] {
		names[fmt.Sprint("destination_id ", x["id"])] = fmt.Sprint(x["handle"])
	}
	for _, x := range tables["matches"] {
		names[fmt.Sprint("match_id ", x["id"])] = fmt.Sprint(name("account_id", x["account_id"]), " ", x["asked"])
	}
	var all []string
	for _, table := range []string{"sources", "accounts", "edges", "matches", "destinations", "follow_jobs"} {
		for _, row := range tables[table] {
			for column, value := range row {
				if text := name(column, value); text != "" {
					row[column] = text
				}
			}
			text, _ := json.Marshal(timeless(row))
			all = append(all, table+" "+string(text))
		}
	}
	return all
}

// timeless leaves out of a row, or of a document in it, what differs from run
// to run.
func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range v {
			if !passing(key, inner) {
				kept[key] = timeless(inner)
			}
		}
		return kept
	case []any:
		kept := []any{}
		for _, inner := range v {
			kept = append(kept, timeless(inner))
		}
		return kept
	}
	return v
}

// passing reports whether a value is a time, an id, a count of tries, or what
// the home server said of itself at some moment.
func passing(key string, v any) bool {
	if text, ok := v.(string); ok {
		if _, err := time.Parse(time.RFC3339, text); err == nil {
			return true
		}
	}
	return strings.HasSuffix(key, "_at") || slices.Contains([]string{"id", "remote_id", "seconds", "attempts", "following"}, key)
}

// differences are the lines that only one of two ends has, those about one row
// beside each other.
func differences(a, b []string) []string {
	var all []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			all = append(all, line+" only undisturbed")
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			all = append(all, line+" only disturbed")
		}
	}
	slices.Sort(all)
	return all
}

// TestKill kills import, match and follow with signal 9 at random moments and
// starts them again: the end is that of an undisturbed run, and everybody was
// asked once (threats.md, part 12, column K; ENG-01, ENG-04). GODWIT_SOAK=1
// does it for many seeds.
func TestKill(t *testing.T) {
	archive := largeArchive(t, 12<<20)
	seeds, kills := 3, func(seed int) func(string) int { // each act in one of the runs
		return func(name string) int {
			if []string{"import", "match", "follow"}[seed%3] == name {
				return 1 + seed/3
			}
			return 0
		}
	}
	if os.Getenv("GODWIT_SOAK") == "1" {
		seeds, kills = 24, func(seed int) func(string) int { return func(string) int { return 1 + seed%3 } }
	}
	ends := make([][]string, seeds+1)
	flocks := make([]*flock, seeds+1)
	for i := range flocks {
		flocks[i] = newFlock(t, archive)
	}
	places := make(chan struct{}, 2) // more of them starve each other on two cores, and look-ups time out
	var group sync.WaitGroup
	for i, f := range flocks {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			howOften := kills(i)
			if i == seeds {
				howOften = func(string) int { return 0 } // undisturbed
			}
			err := f.journey(rand.New(rand.NewPCG(uint64(i), 9)), howOften)
			if err == nil {
				ends[i], err = f.end()
			}
			if err != nil {
				t.Errorf("seed %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if !t.Failed() {
		compareEnds(t, flocks, ends)
	}
}

func compareEnds(t *testing.T, flocks []*flock, ends [][]string) {
	last := len(ends) - 1
	killed := map[string]int{}
	for i, f := range flocks {
		once(t, f.world, follower)
		for name, n := range f.killed {
			killed[name] += n
		}
		for n, line := range differences(ends[last], ends[i]) {
			if n < 12 {
				t.Errorf("seed %d: %s", i, line)
			}
		}
	}
	if n := len(flocks[last].world.Follows(follower)); n != flockHosts*flockEach {
		t.Errorf("undisturbed, %d were followed", n)
	}
	t.Logf("killed: %v; an end has %d lines", killed, len(ends[last]))
	for _, name := range []string{"import", "match", "follow"} {
		if killed[name] == 0 {
			t.Errorf("no kill met %s", name)
		}
	}
}
