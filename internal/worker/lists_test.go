package worker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// listed is somebody with 24 matches on a server that takes lists: two of them
// followed already, one that was asked before, one that approves by hand, one
// that left, one that blocks.
func listed(t *testing.T, flavour social.Flavour) *accident {
	t.Helper()
	r := newRig(t)
	birds := map[string]*feditest.Account{}
	var people []importertest.Person
	var hosts [3]*feditest.Host
	for i := range hosts {
		hosts[i] = r.world.AddHost(fmt.Sprintf("flock%d.test", i), social.Mastodon)
	}
	for i := range 24 {
		a := hosts[i/8].AddAccount(fmt.Sprintf("bird%d", i%8))
		birds[a.Handle()] = a
		people = append(people, follows(i, "I am @"+a.Handle()+" now"))
	}
	home := r.world.AddHost("home.test", flavour)
	home.AddAccount("me")
	for _, friend := range []string{"bird0@flock0.test", "bird1@flock1.test"} {
		r.world.SetFollowing("me@home.test", friend)
	}
	r.give(listName, r.list(people))
	r.drive(time.Hour)
	birds["bird2@flock0.test"].Change(feditest.Locked(), feditest.Silent())
	birds["bird3@flock0.test"].Change(feditest.Gone())
	birds["bird4@flock0.test"].Change(feditest.Blocking("me@home.test"))
	d := r.follower(home, "me")
	d.UserID, d.Scopes, d.CreatedAt = r.user.ID, "read write follow", r.clock.Now()
	d, err := r.store.SaveDestination(t.Context(), d, home.Token("me"))
	r.ok(err)
	r.confirmAll()
	r.ok(r.store.FollowByList(t.Context(), r.user.ID, d.ID, true, r.clock.Now()))
	if n := r.plan(d); n != 24 {
		t.Fatalf("%d follows are planned", n)
	}
	return &accident{rig: r, d: d, home: home}
}

var listFlavours = []social.Flavour{social.GoToSocial, social.Pleroma, social.Mitra}

// TestListHandOver: a server that takes lists follows whom we hand over; who
// arrived is read from it, who is missing is followed one by one, and an undo
// takes back exactly these.
func TestListHandOver(t *testing.T) {
	for _, flavour := range listFlavours {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			x := listed(t, flavour)
			before := x.truth()
			x.rig.drive(30 * 24 * time.Hour)
			x.once("me@home.test")
			got := map[social.Outcome]int{}
			for _, j := range x.jobs(x.d) {
				got[j.Outcome]++
			}
			want := map[social.Outcome]int{social.Followed: 19, social.Already: 2, social.Requested: 1, social.Gone: 1, social.Declined: 1}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("outcomes %v, want %v\n%s", got, want, x.digest(x.d))
			}
			requests, imports := 0, 0
			for _, q := range x.world.Log() {
				if q.Host == "home.test" && strings.HasPrefix(q.Path, "/api/") {
					requests++
				}
				if strings.Contains(q.Path, "import") {
					imports++
				}
			}
			if imports == 0 || imports > 4 {
				t.Errorf("%d lists were handed over", imports)
			}
			t.Logf("%d requests to the home server for 24 accounts", requests)
			x.undo()
			x.rig.drive(3 * 24 * time.Hour)
			if after := x.truth(); after != before {
				t.Errorf("after the undo:\n%s\nwant:\n%s", after, before)
			}
		})
	}
}

// TestListRefused: without the permission for lists everybody is followed one
// by one, and nothing is paused.
func TestListRefused(t *testing.T) {
	x := listed(t, social.GoToSocial)
	x.home.Fault(feditest.Status(403, `{"error":"Forbidden: token has insufficient scope permission"}`, "Content-Type", "application/json").On("/api/v1/import"))
	x.rig.drive(30 * 24 * time.Hour)
	x.once("me@home.test")
	d, err := x.store.GetDestination(t.Context(), x.user.ID, x.d.ID)
	x.ok(err)
	followed := slices.DeleteFunc(x.jobs(d), func(j social.FollowJob) bool { return j.Outcome != social.Followed })
	if d.ByList || d.State != social.Active || len(followed) != 19 {
		t.Errorf("by list %v, %s, %d followed:\n%s", d.ByList, d.State, len(followed), x.digest(d))
	}
}

// TestListPausedOrCut: a pause between two lists, and an answer that is lost
// after the server took the list, end as an undisturbed run.
func TestListPausedOrCut(t *testing.T) {
	want := ""
	for _, cut := range []bool{false, true} {
		x := listed(t, social.GoToSocial)
		if cut {
			x.home.Fault(feditest.CutAfter().On("/api/v1/import").Times(1))
		}
		x.driveFor(3)
		x.ok(x.store.SetFollowState(t.Context(), x.user.ID, x.d.ID, social.FollowPaused, x.clock.Now()))
		seen := len(x.world.Log())
		x.rig.drive(time.Hour)
		if more := x.world.Log()[seen:]; slices.ContainsFunc(more, func(q feditest.Request) bool { return q.Host == "home.test" && q.Method == "POST" }) {
			t.Error("something was sent while paused")
		}
		x.ok(x.store.SetFollowState(t.Context(), x.user.ID, x.d.ID, social.FollowRunning, x.clock.Now()))
		x.rig.drive(30 * 24 * time.Hour)
		x.once("me@home.test")
		if want == "" {
			want = x.digest(x.d)
		}
		if got := x.digest(x.d); got != want {
			t.Errorf("ended\n%s\nwant\n%s", got, want)
		}
	}
}

// driveFor works on n due tasks.
func (r *rig) driveFor(n int) {
	r.t.Helper()
	for range n {
		due, _, err := r.store.DueTasks(r.t.Context(), r.clock.Now(), 1)
		r.ok(err)
		if len(due) == 0 {
			return
		}
		_ = r.Handle(due[0])
	}
}

// TestMisskey: the same people from a Misskey, one after the other by its own
// API, and the undo.
func TestMisskey(t *testing.T) {
	x := listed(t, social.Misskey)
	before := x.truth()
	x.rig.drive(30 * 24 * time.Hour)
	x.once("me@home.test")
	got := map[social.Outcome]int{}
	for _, j := range x.jobs(x.d) {
		got[j.Outcome]++
	}
	want := map[social.Outcome]int{social.Followed: 19, social.Already: 2, social.Requested: 1, social.Gone: 1, social.Declined: 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("outcomes %v, want %v\n%s", got, want, x.digest(x.d))
	}
	x.undo()
	x.rig.drive(3 * 24 * time.Hour)
	if after := x.truth(); after != before {
		t.Errorf("after the undo:\n%s\nwant:\n%s", after, before)
	}
}

// TestENG05ShortWindows: where a server counts follows by the hour or by ten
// seconds, at whatever moment these begin, neither following nor undoing ever
// exceeds it.
func TestENG05ShortWindows(t *testing.T) {
	for _, flavour := range []social.Flavour{social.Misskey, social.Pleroma} {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			list := r.crowd(social.Mastodon, 16, 10)
			home := r.world.AddHost("home.test", flavour)
			home.AddAccount("me")
			r.give(listName, list)
			r.drive(time.Hour)
			r.clock.Advance(47 * time.Minute)
			d := r.follower(home, "me")
			r.confirmAll()
			r.plan(d)
			began := r.clock.Now()
			r.drive(3 * 24 * time.Hour)
			x := &accident{rig: r, d: d, home: home}
			x.undo()
			r.drive(3 * 24 * time.Hour)
			refused, asked := 0, 0
			for _, q := range r.world.Log() {
				if q.Host == "home.test" && q.Status == 429 {
					refused++
				}
				if strings.HasSuffix(q.Path, "/follow") || strings.HasSuffix(q.Path, "following/create") {
					asked++
				}
			}
			if refused > 0 || asked != 160 || x.truth() != "" {
				t.Errorf("%d follows were sent, %d answers 429, still followed:\n%s", asked, refused, x.truth())
			}
			t.Logf("160 followed and unfollowed in %v", r.clock.Now().Sub(began))
		})
	}
}
