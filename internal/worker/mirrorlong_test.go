package worker

import (
	"slices"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestMirrorUnderLimits carries a whole archive over under Mastodon's limits, by
// a driven clock: the order is right, the threads are, no answer is a 429, and
// it takes hardly longer than the share of the server's allowance lets it. Then
// all is deleted again. 120 posts with 30 files; with GODWIT_SOAK=1 2,000 with 500.
func TestMirrorUnderLimits(t *testing.T) {
	posts := 120
	if soak() {
		posts = 2_000
	}
	k := newMirroring(t, social.Mastodon, diary(t, posts))
	k.begin()
	began := k.clock.Now()
	k.drive(month)
	k.check(posts)
	all := k.world.Statuses("me@home.test")
	var order []string
	for _, row := range k.rows() {
		order = append(order, string(row.RemoteID))
	}
	for i, st := range all {
		if st.ID != order[i] {
			t.Fatalf("the %d. status that arrived is not the %d. of the plan", i+1, i+1)
		}
	}
	earliest := max(windows(posts, 300*40/100, 3*time.Hour), windows(posts/4, 30*40/100, 30*time.Minute))
	took := all[len(all)-1].ArrivedAt.Sub(began)
	t.Logf("%d posts took %v, at the earliest %v", posts, took, earliest)
	if took > earliest+earliest*3/100 {
		t.Errorf("it took %v, which is more than 3%% above %v", took, earliest)
	}
	k.undoAll(month)
	if n := k.world.Stats("home.test").RateLimited; n != 0 {
		t.Errorf("%d answers 429", n)
	}
}

// windows is how long n acts take at the least, so many in each window.
func windows(n, each int, window time.Duration) time.Duration {
	full := (n - 1) / each
	return time.Duration(full)*window + time.Duration(n-full*each)*2*time.Second
}

// TestENG03RestoredBackupOfPosts: the database is put back to what it was in the
// middle. What was posted since is found by reading; nothing stands twice, and
// nothing is posted before that is known.
func TestENG03RestoredBackupOfPosts(t *testing.T) {
	for _, fl := range []social.Flavour{social.Mastodon, social.GoToSocial} {
		t.Run(string(fl), func(t *testing.T) {
			k := newMirroring(t, fl, diary(t, 24))
			k.begin()
			sent := func(n int) func() bool { return func() bool { return len(k.standing()) == n } }
			k.until(sent(6))
			backup := k.backup()
			k.until(sent(15))
			k.restore(backup)
			posted := k.world.Stats("home.test").StatusPosts
			k.until(func() bool {
				unknown := slices.ContainsFunc(k.rows(), func(j social.StatusJob) bool { return j.State == social.StatusUnknown })
				return !unknown && len(k.sentRows()) >= 15
			})
			if n := k.world.Stats("home.test").StatusPosts; n != posted {
				t.Errorf("%d were posted before all was read back", n-posted)
			}
			k.drive(month)
			k.check(24)
		})
	}
}

func (k *mirroring) sentRows() (all []social.StatusJob) {
	for _, j := range k.rows() {
		if j.State == social.StatusSent {
			all = append(all, j)
		}
	}
	return all
}

// TestENG16PauseMeansPause: after the pause returns nothing is posted any more;
// after the resume all goes on.
func TestENG16PauseMeansPause(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 12))
	k.begin()
	k.until(func() bool { return len(k.standing()) == 5 })
	k.ok(k.store.PauseMirror(t.Context(), k.user.ID, k.m.ID))
	k.drive(month)
	if n := len(k.standing()); n != 5 {
		t.Errorf("%d stand after the pause", n)
	}
	k.begin()
	k.drive(month)
	k.check(12)
}

// TestENG16UndoWhileItRuns: what is on its way when undo is pressed is deleted
// too, and nothing is posted after.
func TestENG16UndoWhileItRuns(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 12))
	n := 0
	dying(k.Worker, func(call string) string {
		if call == "post" {
			if n++; n == 6 {
				if _, err := k.store.UndoMirror(t.Context(), k.user.ID, k.m.ID, k.clock.Now()); err != nil {
					t.Error(err)
				}
			}
		}
		return ""
	})
	k.begin()
	k.drive(month)
	if left := k.standing(); len(left) != 0 || n != 6 {
		t.Errorf("%d are left, %d calls", len(left), n)
	}
}

// TestENG02TooOpenStopsTheMirror: a server that shows a post to more people than
// asked has it deleted at once, and the person decides.
func TestENG02TooOpenStopsTheMirror(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 6))
	k.home.Widening(true)
	k.begin()
	k.drive(month)
	k.reload()
	if all := k.world.Statuses("me@home.test"); len(all) != 1 || !all[0].Deleted || k.m.State != social.MirrorPaused || k.m.FaultCode != "mirror-too-open" {
		t.Errorf("%+v, %s %s", all, k.m.State, k.m.FaultCode)
	}
	k.home.Widening(false)
	k.begin()
	k.drive(month)
	if n := len(k.standing()); n != 5 {
		t.Errorf("%d stand", n)
	}
}

// TestENG17ShorterThanItSaid: the server takes shorter posts than it said. The
// rest is planned anew, and shown before it goes on; no word is lost.
func TestENG17ShorterThanItSaid(t *testing.T) {
	a := diary(t, 4)
	for i := range a.Tweets {
		a.Tweets[i].Text += " and the whole long way that they fly without a rest. They sleep while they fly, as far as anybody knows."
	}
	k := newMirroring(t, social.Mastodon, a)
	k.home.Characters(120)
	k.begin()
	k.drive(month)
	k.reload()
	if k.m.State != social.MirrorPaused || k.m.FaultCode != "mirror-limits" {
		t.Fatalf("%s %s", k.m.State, k.m.FaultCode)
	}
	if err := k.store.StartMirror(t.Context(), k.user.ID, k.m.ID, k.clock.Now()); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	k.drive(time.Hour)
	if n := len(k.standing()); n != 0 {
		t.Fatalf("%d stand before the new plan was seen", n)
	}
	k.begin()
	k.drive(month)
	k.check(len(k.rows()))
	if n := len(k.rows()); n < 8 {
		t.Errorf("%d rows", n)
	}
}

// TestENG15ParentGone: what a post answers was deleted by hand between two runs:
// it begins a thread of its own.
func TestENG15ParentGone(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 2))
	k.begin()
	k.until(func() bool { return len(k.standing()) == 1 })
	k.home.Remove(k.world.Statuses("me@home.test")[0].ID)
	k.clock.Advance(time.Hour)
	k.drive(month)
	all := k.world.Statuses("me@home.test")
	if len(all) != 2 || all[1].InReplyTo != "" || k.rows()[1].Reason != social.MirrorTorn {
		t.Errorf("%+v", all)
	}
}

// TestENG14FileNeverDone: a file on which the server works for ever holds up
// its post, not the others.
func TestENG14FileNeverDone(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 4))
	k.home.Working(-1)
	k.begin()
	k.drive(12 * time.Hour)
	if n := len(k.standing()); n != 2 { // the first has a file, the second answers it
		t.Errorf("%d stand", n)
	}
	k.drive(month)
	if row := k.rows()[0]; row.State != social.StatusFailed || row.Reason != social.MirrorFileRefused {
		t.Errorf("%s %s", row.State, row.Reason)
	}
	if n := len(k.world.Uploads("me@home.test")); n > 2 {
		t.Errorf("%d uploads", n)
	}
	now := k.clock.Now()
	k.home.Working(0)
	_, err := k.store.RetryMirror(t.Context(), k.user.ID, k.m.ID, 0, func(j social.StatusJob) social.StatusJob { return bridge.Retry(j, false, now) }, now)
	k.ok(err)
	k.drive(month)
	k.check(4)
}

// TestAUT11NoScopeNoPost: without the permission nothing is sent, and the person
// reads why.
func TestAUT11NoScopeNoPost(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 3))
	d := k.d
	d.Scopes = "read:accounts read:follows write:follows"
	_, err := k.store.SaveDestination(t.Context(), d, k.home.Token("me"))
	k.ok(err)
	k.begin()
	k.drive(month)
	k.reload()
	if n := len(k.standing()); n != 0 || k.m.FaultCode != "no-post-scope" {
		t.Errorf("%d stand, %q", n, k.m.FaultCode)
	}
	d.Scopes = "read write follow"
	_, err = k.store.SaveDestination(t.Context(), d, k.home.Token("me"))
	k.ok(err)
	k.begin()
	k.drive(month)
	k.check(3)
}

// TestSamePostsInTwoExports: of two exports with the same posts each is carried
// over once.
func TestSamePostsInTwoExports(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 10))
	second := k.giveHeld("y.zip", k.archive(diary(t, 14)))
	k.drive(time.Hour)
	other, err := k.store.SaveMirror(t.Context(), k.user.ID, k.d.ID, second.ID, bridge.DefaultRules("en"), k.clock.Now())
	k.ok(err)
	k.drive(time.Minute)
	k.begin()
	k.drive(month)
	k.check(10)
	if err := k.store.StartMirror(t.Context(), k.user.ID, other.ID, k.clock.Now()); !fault.Is(err, fault.Invalid) {
		t.Fatalf("started by a plan that is too old: %v", err)
	}
	k.drive(time.Minute)
	k.ok(k.store.StartMirror(t.Context(), k.user.ID, other.ID, k.clock.Now()))
	k.drive(month)
	if n := len(k.standing()); n != 14 {
		t.Errorf("%d stand", n)
	}
}

// TestServerThatWantsNone: a server that refuses one post after the other is
// not asked for all of them.
func TestServerThatWantsNone(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 20))
	heal := k.home.Fault(feditest.Status(403, `{"error":"no cross-posters here"}`).Method("POST").On("/api/v1/statuses"))
	k.begin()
	k.drive(month)
	k.reload()
	failed := 0
	for _, row := range k.rows() {
		if row.State == social.StatusFailed {
			failed++
		}
	}
	if failed != mostRefused || k.m.State != social.MirrorPaused || k.m.FaultCode != "mirror-refuses" {
		t.Errorf("%d failed, %s %s", failed, k.m.State, k.m.FaultCode)
	}
	heal()
	k.begin()
	k.drive(month)
	if n := len(k.standing()); n != 15 {
		t.Errorf("%d stand", n)
	}
}
