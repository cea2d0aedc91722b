package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

const workerDatabase = "GODWIT_TEST_WORKER_DATABASE"

// TestMain runs a test binary that was started as a worker process.
func TestMain(m *testing.M) {
	if path := os.Getenv(workerDatabase); path != "" {
		if err := workerProcess(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// workerProcess migrates, follows until nothing is due, and prints each handle
// it followed.
func workerProcess(path string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Path: path, Keys: testKeys})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	for {
		due, _, err := s.DueTasks(ctx, now, 10)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, d := range due {
			if err := workOn(ctx, s, d); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
		}
	}
}

func workOn(ctx context.Context, s *store.Store, d social.Task) error {
	task, _, err := s.Claim(ctx, d.Kind, d.ID, now, time.Minute)
	if err != nil || task.Kind != social.FollowTask {
		return err
	}
	w, err := s.FollowWorkFor(ctx, task, now)
	if err != nil {
		return err
	}
	if len(w.Due) == 0 {
		return s.Settle(ctx, task, time.Time{}, false)
	}
	job := w.Due[0]
	if err := s.BeginFollow(ctx, task, job.ID, nil, now); err != nil {
		return err
	}
	fmt.Println(job.Handle)
	job.State, job.Outcome = social.JobDone, social.Followed
	if err := s.SaveFollows(ctx, task, []social.FollowJob{job}, nil, w.Destination, now); err != nil {
		return err
	}
	return s.Settle(ctx, task, now, false)
}

// LOC-08: four processes on one file share the work and do nothing twice, and
// nobody sees that the file was busy. They also start, and migrate, at once.
func TestLOC08FourProcesses(t *testing.T) {
	const destinations, jobs = 6, 20
	path := filepath.Join(t.TempDir(), "godwit.db")
	s := open(t, store.Options{Path: path, Keys: testKeys})
	ok(t, s.Migrate(t.Context()))
	u := imported(t, s, jobs)
	matched(t, s, u, onHosts(jobs))
	lookedUp(t, s, now)
	graded(t, s, u, always(social.Certain))
	for i := range destinations {
		d := must(s.SaveDestination(t.Context(), social.Destination{UserID: u.ID, Host: "home.test", RemoteID: social.RemoteID(fmt.Sprint(i)),
			CreatedAt: now}, social.NewSecret("canary-token")))(t)
		planned(t, s, u, d, jobs)
	}
	var mu sync.Mutex
	followed := map[string]int{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			command := exec.Command(os.Args[0])
			command.Env = append(os.Environ(), workerDatabase+"="+path)
			var complaints strings.Builder
			command.Stderr = &complaints
			out, err := command.Output()
			if err != nil {
				t.Errorf("%v: %s", err, complaints.String())
			}
			mu.Lock()
			defer mu.Unlock()
			for _, handle := range strings.Fields(string(out)) {
				followed[handle]++
			}
		})
	}
	group.Wait()
	if len(followed) != jobs {
		t.Errorf("%d handles were followed", len(followed))
	}
	for handle, n := range followed {
		if n != destinations {
			t.Errorf("%s was followed %d times for %d Destinations", handle, n, destinations)
		}
	}
}

// STO-10: a process that is killed in the middle of a migration leaves the
// database as it was, and the next one migrates.
func TestSTO10KilledWhileMigrating(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "godwit.db")
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), workerDatabase+"="+path)
		ok(t, command.Start())
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		awaitWriting(path+"-wal", ended)
		command.Process.Kill() // or it is done already
		s := open(t, store.Options{Path: path, Keys: testKeys})
		ok(t, s.Migrate(t.Context()))
		imported(t, s, 1)
	}
}

// awaitWriting returns when the journal has content, or the process ended.
func awaitWriting(journal string, ended <-chan error) {
	for {
		if info, err := os.Stat(journal); err == nil && info.Size() > 0 {
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}
