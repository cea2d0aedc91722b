package worker

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

var (
	start   = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	keys    = store.Keys{{ID: "k1", Secret: [32]byte{1, 2, 3}}}
	silence = slog.New(slog.DiscardHandler)
)

// rig is a whole Godwit but for its faces: a real database, the real door, a
// simulated fediverse, and one clock for all.
type rig struct {
	t     *testing.T
	clock *feditest.Clock
	world *feditest.World
	store *store.Store
	spool *store.Spool
	door  *fedi.Door
	user  social.User
	*Worker

	database store.Options
	spoolDir string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOn(t, store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: keys})
}

func newRigOn(t *testing.T, database store.Options) *rig {
	t.Helper()
	clock := feditest.NewClock(start)
	r := &rig{t: t, clock: clock, database: database}
	r.spoolDir = filepath.Join(t.TempDir(), "spool")
	r.world = feditest.New(feditest.Options{Now: clock.Now, RemoteTimeout: 10 * time.Millisecond, LogCap: 100_000})
	t.Cleanup(r.world.Close)
	var err error
	r.door, err = fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs: r.world.RootCAs(), Route: r.world.Route, Pause: -1, Now: clock.Now})
	r.ok(err)
	t.Cleanup(r.door.Close)
	r.spool, err = store.OpenSpool(r.spoolDir, 1<<30)
	r.ok(err)
	r.store = r.open()
	r.ok(r.store.Migrate(t.Context()))
	r.user, err = r.store.LocalUser(t.Context(), clock.Now())
	r.ok(err)
	r.Worker = r.process(r.store)
	return r
}

// open opens the database as another process does.
func (r *rig) open() *store.Store {
	r.t.Helper()
	s, err := store.Open(r.t.Context(), r.database)
	r.ok(err)
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// process is a further worker on the same data.
func (r *rig) process(s *store.Store) *Worker {
	return New(Deps{Store: s, Door: r.door, Spool: r.spool, Now: r.clock.Now, Log: silence})
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// patience bounds a drive: a task that is due again for ever is a defect.
const patience = 200_000

// drive works on what is due and moves the clock to what is due next, until
// nothing is, or the next thing lies beyond limit.
func (r *rig) drive(limit time.Duration) {
	r.t.Helper()
	r.driveWith(limit, r.Handle)
}

func (r *rig) driveWith(limit time.Duration, handle func(social.Task) error) {
	r.t.Helper()
	end := r.clock.Now().Add(limit)
	for range patience {
		due, next, err := r.store.DueTasks(r.t.Context(), r.clock.Now(), 100)
		r.ok(err)
		for _, task := range due {
			if err := handle(task); err != nil && !fault.Is(err, fault.Conflict) {
				r.t.Fatalf("%s: %v", task, err)
			}
		}
		if len(due) > 0 {
			continue
		}
		if next.IsZero() || next.After(end) {
			return
		}
		r.clock.Advance(next.Sub(r.clock.Now()))
	}
	r.t.Fatal("there is always something due")
}

// Handle hides Worker's, which wants a context.
func (r *rig) Handle(task social.Task) error { return r.Worker.Handle(r.t.Context(), task) }

// give stores an export as an upload and makes a Source of it.
func (r *rig) give(name string, body []byte) social.Source {
	r.t.Helper()
	u, err := r.spool.Create(int64(len(body)))
	r.ok(err)
	file, err := u.File(name)
	r.ok(err)
	_, err = file.Write(body)
	r.ok(err)
	spooled, err := u.Close()
	r.ok(err)
	x, _, err := r.store.CreateSource(r.t.Context(), social.Source{UserID: r.user.ID, Name: name, Digest: name, Spool: spooled, Bytes: int64(len(body))}, r.clock.Now())
	r.ok(err)
	return x
}

func (r *rig) source(id int64) social.Source {
	r.t.Helper()
	x, err := r.store.GetSource(r.t.Context(), r.user.ID, id)
	r.ok(err)
	return x
}

// follower makes an account at a home server into a Destination.
func (r *rig) follower(home *feditest.Host, user string) social.Destination {
	r.t.Helper()
	token := home.Token(user)
	acct, err := r.door.Account(home.Name(), token, home.Flavour(), nil).VerifyCredentials(r.t.Context())
	r.ok(err)
	d, err := r.store.SaveDestination(r.t.Context(), social.Destination{UserID: r.user.ID, Host: home.Name(), RemoteID: acct.ID,
		Handle: r.handle(user + "@" + home.Domain()), Flavour: home.Flavour(), CreatedAt: r.clock.Now()}, token)
	r.ok(err)
	return d
}

func (r *rig) handle(text string) social.Handle {
	r.t.Helper()
	h, err := social.ParseHandle(text, social.Private)
	r.ok(err)
	return h
}

// confirmAll decides for every Match that was found.
func (r *rig) confirmAll() {
	r.t.Helper()
	for offset := 0; ; offset += 200 {
		page, total, err := r.store.ListMatches(r.t.Context(), r.user.ID, store.MatchFilter{Offset: offset, Limit: 200})
		r.ok(err)
		var ids []int64
		for _, m := range page {
			if !m.Handle.IsZero() && m.Excluded == "" {
				ids = append(ids, m.ID)
			}
		}
		if len(ids) > 0 {
			_, err = r.store.Decide(r.t.Context(), r.user.ID, ids, social.Confirmed, r.clock.Now())
			r.ok(err)
		}
		if offset+200 >= total {
			return
		}
	}
}

// plan starts the following of all that is confirmed.
func (r *rig) plan(d social.Destination) int {
	r.t.Helper()
	n, err := r.store.PlanFollows(r.t.Context(), r.user.ID, d.ID, r.clock.Now())
	r.ok(err)
	return n
}

func (r *rig) jobs(d social.Destination) (all []social.FollowJob) {
	r.t.Helper()
	for {
		page, total, err := r.store.ListFollowJobs(r.t.Context(), r.user.ID, store.FollowFilter{DestinationID: d.ID, Offset: len(all), Limit: 200})
		r.ok(err)
		if all = append(all, page...); len(all) >= total {
			return all
		}
	}
}

// digest is how all follows ended, without times: equal for equal ends.
func (r *rig) digest(d social.Destination) string {
	r.t.Helper()
	var lines []string
	for _, j := range r.jobs(d) {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", j.Handle, j.State, j.Outcome, j.Reason, j.NewHandle))
	}
	return sorted(lines)
}

// once checks by the servers' own truth that nobody was asked twice.
func (r *rig) once(follower string) {
	r.t.Helper()
	for _, f := range r.world.Follows(follower) {
		if f.Made > 1 {
			r.t.Errorf("%s was asked %d times by %s", f.Handle, f.Made, follower)
		}
	}
}

// crowd makes hosts with accounts, and the export of somebody who follows them
// all on X: their bios tell the handles.
func (r *rig) crowd(flavour social.Flavour, hosts, each int, shape ...feditest.AccountOption) []byte {
	r.t.Helper()
	var people []importertest.Person
	for h := range hosts {
		host := r.world.AddHost(fmt.Sprintf("flock%d.test", h), flavour)
		for i := range each {
			a := host.AddAccount(fmt.Sprintf("bird%d", i), shape...)
			people = append(people, follows(len(people), "I am @"+a.Handle()+" now"))
		}
	}
	return r.list(people)
}

func follows(n int, bio string) importertest.Person {
	return importertest.Person{ID: fmt.Sprint(9_000_000_000 + n), Username: fmt.Sprintf("wader_%d", n), Name: fmt.Sprintf("Wader %d", n), Bio: bio, Following: true}
}

// list is people as twitter-web-exporter saves them.
func (r *rig) list(people []importertest.Person) []byte {
	r.t.Helper()
	var b bytes.Buffer
	r.ok(importertest.WriteWebExporter(&b, people))
	return b.Bytes()
}

const listName = "twitter-Following-1764100000000.json"

// soak reports whether the long forms of tests were asked for.
func soak() bool { return os.Getenv("GODWIT_SOAK") == "1" }

// cast is the people of the sample as X shows them.
func cast(s *feditest.SampleWorld) (people []importertest.Person) {
	for _, p := range s.People {
		people = append(people, importertest.Person{ID: p.XID, Username: p.XUsername, Name: p.Name, Bio: p.Bio, Location: p.Location, URL: p.URL, Following: true})
	}
	return people
}

func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
