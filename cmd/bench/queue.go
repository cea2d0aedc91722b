package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/jobs"
	"godwit/internal/social"
)

// queue is how many follows wait for how many Destinations.
type queue struct {
	destinations int
	each         int // FollowJobs of each
	homes        int // servers that the Destinations are on
	watched      time.Duration
}

const (
	queueMost  = 0.05             // of one core, for the sweep and the scheduler
	queueHosts = 100              // that the accounts are on
	firstMost  = 90 * time.Second // QUE-02
)

// queueRows tells what it costs to watch over much that waits, and how long a
// process that starts with nothing but its rows takes to its first follow.
func queueRows(ctx context.Context, b *bench) ([]row, error) {
	dir, err := os.MkdirTemp(b.dir, "queue-")
	if err != nil {
		return nil, err
	}
	st, err := newStage(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer st.close()
	if err := b.queue.fill(ctx, st); err != nil {
		return nil, err
	}
	waiting, err := b.queue.watch(ctx, st)
	if err != nil {
		return nil, err
	}
	first, err := b.queue.first(ctx, st)
	if err != nil {
		return nil, err
	}
	share, jobs := over(waiting.processor, waiting.wall), b.queue.destinations*b.queue.each
	return []row{{
		name: "queue: sweep and scheduler", measured: fmt.Sprintf("%.2f%% of one core", 100*share),
		beside: fmt.Sprintf("%d follows of %d accounts wait", jobs, b.queue.destinations), aim: atMost(queueMost, ""), got: share,
	}, {
		name: "queue: first follow", measured: "after " + first.Round(10*time.Millisecond).String(),
		beside: "all are due, and nothing but the rows is left", aim: atMost(firstMost.Seconds(), "s"), got: first.Seconds(),
	}}, nil
}

// fill makes the Destinations, and all their FollowJobs in one go.
func (q queue) fill(ctx context.Context, st *stage) error {
	st.crowd(scene{people: 20 * queueHosts, hosts: queueHosts})
	homes := make([]*feditest.Host, q.homes)
	for i := range homes {
		homes[i] = st.world.AddHost(fmt.Sprintf("home%d.test", i), social.Mastodon)
	}
	for i := range q.destinations {
		home, name := homes[i%q.homes], fmt.Sprint("me", i)
		handle, err := social.ParseHandle(name+"@"+home.Name(), social.Private)
		if err != nil {
			return err
		}
		user, err := st.store.SaveUser(ctx, social.User{Host: home.Name(), RemoteID: social.RemoteID(name), Handle: handle, CreatedAt: morning})
		if err != nil {
			return err
		}
		home.AddAccount(name)
		token := home.Token(name)
		account, err := st.door.Home(home.Name(), token, social.Mastodon, nil).VerifyCredentials(ctx)
		if err != nil {
			return err
		}
		if _, err := st.store.SaveDestination(ctx, social.Destination{UserID: user.ID, Host: home.Name(), RemoteID: account.ID, Handle: handle,
			Flavour: social.Mastodon, CreatedAt: morning}, token); err != nil {
			return err
		}
	}
	return st.write(ctx, `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)
		INSERT INTO follow_jobs (user_id, destination_id, match_id, handle, handle_key, domain, actor_id, rank, state, outcome, reason,
			new_handle, remote_id, locked, attempts, empty, checks, due_at, asked_at, updated_at)
		SELECT d.user_id, d.id, 0, h, h, 'flock' || (k % $2) || '.test', '', 0, 'planned', '', '', '', '', false, 0, 0, 0, $3, 0, $3
		FROM (SELECT d.id, d.user_id, (d.id * 7 + n.i) % ($2 * 20) AS k, 'bird' || ((d.id * 7 + n.i) % ($2 * 20)) || '@flock' || ((d.id * 7 + n.i) % $2) || '.test' AS h
			FROM destinations AS d, n) AS d`, q.each, queueHosts, morning.UnixMicro())
}

// write changes rows behind the store's back, as no part of Godwit would.
func (st *stage) write(ctx context.Context, text string, args ...any) error {
	db, err := sql.Open("sqlite", filepath.Join(st.dir, "godwit.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, text, args...)
	return err
}

// watch lets a process do nothing but watch over what waits for tomorrow.
func (q queue) watch(ctx context.Context, st *stage) (span, error) {
	tomorrow := morning.Add(day).UnixMicro()
	err := st.write(ctx, `UPDATE tasks SET due_at = $1, ready_at = $1`, tomorrow)
	if err == nil {
		err = st.write(ctx, `UPDATE destinations SET follow_state = 'running'`)
	}
	if err != nil {
		return span{}, err
	}
	return timed(func() error {
		ctx, stop := context.WithTimeout(ctx, q.watched)
		defer stop()
		return jobs.NewEmbedded(st.store, st.worker.Handle, jobs.Options{Log: silence, Now: st.clock.Now}).Run(ctx)
	})
}

// first is how long a process takes from its start to its first follow, when
// everything is due.
func (q queue) first(ctx context.Context, st *stage) (time.Duration, error) {
	if err := st.write(ctx, `UPDATE tasks SET due_at = $1, ready_at = $1`, morning.UnixMicro()); err != nil {
		return 0, err
	}
	ctx, stop := context.WithTimeout(ctx, 2*firstMost)
	defer stop()
	began, took := time.Now(), 2*firstMost
	var once sync.Once
	st.told = func(social.FollowJob) {
		once.Do(func() {
			took = time.Since(began)
			stop()
		})
	}
	err := jobs.NewEmbedded(st.store, st.worker.Handle, jobs.Options{Log: silence, Now: st.clock.Now}).Run(ctx)
	return took, err
}
