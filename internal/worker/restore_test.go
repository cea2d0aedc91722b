package worker

import (
	"os"
	"testing"

	"godwit/internal/social"
)

// TestAlreadyFollowed: whom the account follows already is not asked again.
func TestAlreadyFollowed(t *testing.T) {
	r, _, d := ready(t, 3, 4)
	r.world.SetFollowing("me@home.test", "bird2@flock1.test")
	r.drive(month)
	for _, j := range r.jobs(d) {
		want := social.Followed
		if j.Handle.String() == "bird2@flock1.test" {
			want = social.Already
		}
		if j.Outcome != want {
			t.Errorf("%s: %s, want %s", j.Handle, j.Outcome, want)
		}
	}
}

// TestENG03RestoredBackup: the database is put back to what it was in the
// middle of the following. What was sent since is found out by reading, not
// sent again.
func TestENG03RestoredBackup(t *testing.T) {
	r, home, d := ready(t, 8, 5)
	sent := func() int { return r.world.Stats(home.Name()).FollowPosts }
	r.until(func() bool { return sent() == 10 })
	backup := r.backup()
	r.until(func() bool { return sent() == 30 })
	r.restore(backup)
	r.drive(month)
	for _, j := range r.jobs(d) {
		if j.State != social.JobDone || j.Outcome != social.Followed && j.Outcome != social.Already {
			t.Errorf("%s ended as %s %s %s", j.Handle, j.State, j.Outcome, j.Reason)
		}
	}
	if n := len(r.world.Follows("me@home.test")); n != 40 {
		t.Errorf("%d are followed", n)
	}
	r.once("me@home.test")
}

// until works on what is due until done.
func (r *rig) until(done func() bool) {
	r.t.Helper()
	for range patience {
		due, next, err := r.store.DueTasks(r.t.Context(), r.clock.Now(), 1)
		r.ok(err)
		for _, task := range due {
			if done() {
				return
			}
			r.ok(r.Handle(task))
		}
		if len(due) == 0 {
			if next.IsZero() {
				break
			}
			r.clock.Advance(next.Sub(r.clock.Now()))
		}
	}
	r.t.Fatal("it never comes to that")
}

// backup is the database as a file, all of it.
func (r *rig) backup() []byte {
	r.t.Helper()
	r.ok(r.store.Close()) // moves the journal into the file
	body, err := os.ReadFile(r.database.Path)
	r.ok(err)
	r.restart()
	return body
}

func (r *rig) restore(body []byte) {
	r.t.Helper()
	r.ok(r.store.Close())
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(r.database.Path + suffix)
	}
	r.ok(os.WriteFile(r.database.Path, body, 0o600))
	r.restart()
}

func (r *rig) restart() {
	r.store = r.open()
	r.Worker = r.process(r.store)
}
