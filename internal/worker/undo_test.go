package worker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// befriended is ready, for somebody who follows two of the people and a
// stranger already, and has asked one who never answers.
func befriended(t *testing.T) (*accident, string) {
	t.Helper()
	r := newRig(t)
	list := r.crowd(social.Mastodon, 3, 3)
	shy := r.world.AddHost("shy.test", social.Mastodon)
	shy.AddAccount("egret", feditest.Locked(), feditest.Silent())
	shy.AddAccount("stranger")
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	for _, friend := range []string{"bird0@flock0.test", "bird2@flock1.test", "stranger@shy.test"} {
		r.world.SetFollowing("me@home.test", friend)
	}
	mine := r.door.Home(home.Name(), home.Token("me"), home.Flavour(), nil)
	egret, err := mine.Find(t.Context(), r.handle("egret@shy.test"), "")
	r.ok(err)
	_, err = mine.Follow(t.Context(), egret.ID)
	r.ok(err)
	r.give(listName, list)
	r.give("twitter-Following-1764100000001.json", r.list([]importertest.Person{follows(100, "I am @egret@shy.test now")}))
	r.drive(time.Hour)
	d := r.follower(home, "me")
	r.confirmAll()
	if n := r.plan(d); n != 10 {
		t.Fatalf("%d follows are planned", n)
	}
	return &accident{rig: r, d: d, home: home}, r.truth()
}

// truth is whom me@home.test follows or has asked, by the servers' own rows.
func (r *rig) truth() string {
	var lines []string
	for _, f := range r.world.Follows("me@home.test") {
		if f.State == feditest.Accepted || f.State == feditest.Pending {
			lines = append(lines, fmt.Sprint(f.Handle, " ", f.State))
		}
	}
	return sorted(lines)
}

// undo presses the button.
func (x *accident) undo() int {
	x.t.Helper()
	n, err := x.rig.store.UndoFollows(x.t.Context(), x.user.ID, x.d.ID, x.clock.Now())
	x.ok(err)
	return n
}

// TestUndoMatrix: whatever goes wrong while following and while undoing, and
// whenever the button is pressed, exactly the follows that stood before Godwit
// stand at the end.
func TestUndoMatrix(t *testing.T) {
	for _, m := range mishaps {
		if strings.HasPrefix(m.name, "X ") {
			continue // a person who resumes does not want the undo any more
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			at := []int{2, 8, 14}
			if soak() {
				at = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
			}
			for _, n := range at {
				calls := 0
				undone(t, n, func() *mishap {
					if calls++; calls == n || calls == n+3 {
						return &m
					}
					return nil
				})
			}
		})
	}
}

// TestUndoMatrixCrossed: several mishaps, at random, as seeds have it.
func TestUndoMatrixCrossed(t *testing.T) {
	seeds := 6
	if soak() {
		seeds = 400
	}
	base := uint64(time.Now().UnixNano()) % 1_000_000
	for i := range seeds {
		seed := base + uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random, left := rand.New(rand.NewPCG(seed, 9)), 5
			undone(t, 1+random.IntN(22), func() *mishap {
				if left == 0 || random.IntN(4) > 0 {
					return nil
				}
				left--
				return &mishaps[random.IntN(len(mishaps)-1)]
			})
		})
	}
}

// undone follows and presses undo in the middle of call n, or at the end.
func undone(t *testing.T, n int, next func() *mishap) {
	t.Helper()
	x, before := befriended(t)
	calls := 0
	names := x.drive(func() *mishap {
		if calls++; calls == n {
			x.undo()
		}
		return next()
	})
	if calls < n {
		x.undo()
		names = append(names, x.drive(next)...)
	}
	if got := x.truth(); got != before {
		t.Errorf("undo at call %d of %d, %s: the person follows\n%s\nbefore it was\n%s", n, calls, strings.Join(names, ", "), got, before)
	}
	for _, j := range x.jobs(x.d) {
		theirs := j.Outcome == social.Already || j.Reason == social.ReasonOwnAsk
		if !theirs && j.State != social.JobCanceled && j.Outcome != social.Undone {
			t.Errorf("%s: %s %s %s", j.Handle, j.State, j.Outcome, j.Reason)
		}
	}
	if left, err := x.rig.store.Undoable(t.Context(), x.user.ID, x.d.ID); err != nil || left > 0 {
		t.Errorf("%d are left to be undone, %v", left, err)
	}
}

// TestUndoStops: a person who stops the undo in the middle keeps the rest, and
// no further one is unfollowed.
func TestUndoStops(t *testing.T) {
	x, before := befriended(t)
	x.rig.drive(month)
	all := x.truth()
	if n := x.undo(); n != 7 {
		t.Fatalf("%d are to be undone", n)
	}
	calls := 0
	meddle(x.Worker, func(call string, make func()) {
		if !strings.HasPrefix(call, "unfollow ") {
			t.Errorf("%s while undoing", call)
		}
		if calls++; calls == 3 {
			x.ok(x.rig.store.SetFollowState(t.Context(), x.user.ID, x.d.ID, social.FollowStopped, x.clock.Now()))
		}
		make()
	})
	x.rig.drive(month)
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
	if now := strings.Count(x.truth(), "\n"); now != strings.Count(all, "\n")-3 {
		t.Errorf("the person follows\n%s", x.truth())
	}
	calls = 3
	if n := x.undo(); n != 4 {
		t.Errorf("%d are left to be undone", n)
	}
	x.rig.drive(month)
	if got := x.truth(); got != before {
		t.Errorf("the person follows\n%s\nbefore it was\n%s", got, before)
	}
	if n := x.plan(x.d); n != 0 {
		t.Errorf("%d are followed anew right after the undo (ENG-09)", n)
	}
}

// TestUndoIsMine: nobody undoes another's follows.
func TestUndoIsMine(t *testing.T) {
	x, _ := befriended(t)
	x.rig.drive(month)
	other, err := x.rig.store.SaveUser(t.Context(), social.User{Host: "other.test", RemoteID: "9", CreatedAt: start})
	x.ok(err)
	if _, err := x.rig.store.UndoFollows(t.Context(), other.ID, x.d.ID, x.clock.Now()); !fault.Is(err, fault.NotFound) {
		t.Errorf("error %v", err)
	}
	if n, err := x.rig.store.Undoable(t.Context(), other.ID, x.d.ID); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
