package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// carried is somebody from another Mastodon, whose lists, mutes and blocks are
// planned beside the follows: one mute and one list stood here before.
func carried(t *testing.T, flavour social.Flavour) (*accident, []string) {
	t.Helper()
	r := newRig(t)
	list := r.crowd(social.Mastodon, 2, 4)
	home := r.world.AddHost("home.test", flavour)
	home.AddAccount("me", feditest.Muting("bird0@flock1.test"))
	before := r.world.Edges("me@home.test")
	r.give(listName, list)
	r.give("muted_accounts.csv", []byte("Account address,Hide notifications\nbird3@flock0.test,true\nbird0@flock1.test,true\nnobody@flock0.test,true\n"))
	r.give("blocked_accounts.csv", []byte("bird3@flock1.test\n"))
	r.give("lists.csv", []byte("friends,bird0@flock0.test\nfriends,bird1@flock0.test\nwaders,bird1@flock1.test\n"))
	r.drive(time.Hour)
	d := r.follower(home, "me")
	d.UserID, d.Scopes, d.CreatedAt = r.user.ID, "read write follow", r.clock.Now()
	d, err := r.store.SaveDestination(t.Context(), d, home.Token("me"))
	r.ok(err)
	r.confirmAll()
	r.plan(d)
	n, err := r.store.PlanEdges(t.Context(), r.user.ID, d.ID, []social.EdgeKind{social.Muted, social.Blocked, social.Listed}, r.clock.Now())
	r.ok(err)
	if n != 9 {
		t.Fatalf("%d are planned", n)
	}
	return &accident{rig: r, d: d, home: home}, before
}

var carriedTo = []string{"blocked bird3@flock1.test", "list friends", "list waders", "listed friends bird0@flock0.test", "listed friends bird1@flock0.test",
	"listed waders bird1@flock1.test", "muted bird0@flock1.test", "muted bird3@flock0.test"}

// TestEdgesCarriedOver: lists with their members, mutes and blocks arrive, and an
// undo takes back all of them but what stood before.
func TestEdgesCarriedOver(t *testing.T) {
	for _, flavour := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Pleroma} {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			x, before := carried(t, flavour)
			x.rig.drive(20 * 24 * time.Hour)
			if got := x.world.Edges("me@home.test"); fmt.Sprint(got) != fmt.Sprint(carriedTo) {
				t.Errorf("carried over:\n%s", strings.Join(got, "\n"))
			}
			outcomes := map[social.Outcome]int{}
			jobs, err := x.store.ListEdgeJobs(t.Context(), x.user.ID, x.d.ID)
			x.ok(err)
			for _, j := range jobs {
				outcomes[j.Outcome]++
			}
			if outcomes[social.Applied] != 7 || outcomes[social.Already] != 1 || outcomes[social.Gone] != 1 {
				t.Errorf("outcomes %v", outcomes)
			}
			_, err = x.store.UndoEdges(t.Context(), x.user.ID, x.d.ID, x.clock.Now())
			x.ok(err)
			x.rig.drive(24 * time.Hour)
			if got := x.world.Edges("me@home.test"); fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("after the undo:\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// TestEdgesThroughTrouble: cut answers, a server that is down for a while, and a
// pause end as an undisturbed run; nothing is sent while paused.
func TestEdgesThroughTrouble(t *testing.T) {
	x, _ := carried(t, social.Mastodon)
	x.home.Fault(feditest.CutAfter().Method("POST").On("/api/v1/lists").Times(2))
	x.home.Fault(feditest.CutAfter().Method("POST").On("/api/v1/accounts/").Times(3))
	x.home.Fault(feditest.Status(503, "").On("/api/v1/lists").After(2).Times(2))
	x.driveFor(12)
	x.ok(x.store.SetFollowState(t.Context(), x.user.ID, x.d.ID, social.FollowPaused, x.clock.Now()))
	seen := len(x.world.Log())
	x.rig.drive(2 * time.Hour)
	for _, q := range x.world.Log()[seen:] {
		if q.Host == "home.test" && q.Method == "POST" {
			t.Errorf("%s %s while paused", q.Method, q.Path)
		}
	}
	x.ok(x.store.SetFollowState(t.Context(), x.user.ID, x.d.ID, social.FollowRunning, x.clock.Now()))
	x.rig.drive(20 * 24 * time.Hour)
	if got := x.world.Edges("me@home.test"); fmt.Sprint(got) != fmt.Sprint(carriedTo) {
		t.Errorf("carried over:\n%s", strings.Join(got, "\n"))
	}
}

// TestEdgesTooNarrow: a permission that is too small for it ends these wishes
// and pauses nothing.
func TestEdgesTooNarrow(t *testing.T) {
	x, before := carried(t, social.Mastodon)
	narrow, err := x.store.SaveDestination(t.Context(), x.d, x.home.Token("me", "read:accounts", "read:follows", "write:follows"))
	x.ok(err)
	x.rig.drive(20 * 24 * time.Hour)
	d, err := x.store.GetDestination(t.Context(), x.user.ID, narrow.ID)
	x.ok(err)
	followed := 0
	for _, j := range x.jobs(d) {
		if j.Outcome == social.Followed {
			followed++
		}
	}
	if got := x.world.Edges("me@home.test"); d.State != social.Active || followed < 7 || fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("%s, %d followed, %v", d.State, followed, got)
	}
}
