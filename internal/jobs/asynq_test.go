package jobs

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"godwit/internal/fault"
	"godwit/internal/jobs/redistest"
	"godwit/internal/social"
)

// long reports whether the long forms of tests were asked for.
func long() bool { return os.Getenv("GODWIT_SOAK") == "1" }

// TestQUE01StrangersInRedis: whoever can write to Redis can make Godwit look at
// a row, and nothing else.
func TestQUE01StrangersInRedis(t *testing.T) {
	server := redistest.Start(t)
	rows := newTable(time.Now)
	rows.add(social.FollowTask, 1, time.Time{})                  // done
	rows.add(social.FollowTask, 2, time.Now().Add(time.Hour))    // not due yet
	rows.add(social.FollowTask, 3, time.Now().Add(24*time.Hour)) // the last thing asked for
	before := *rows.rows[row{social.FollowTask, 2}]
	var worked atomic.Int64
	d := openTest(t, server, rows, rows.worker(func(context.Context, social.Task) (time.Time, error) {
		worked.Add(1)
		return time.Time{}, nil
	}))
	client := asynq.NewClientFromRedisClient(server.Client)
	enqueue := func(kind, queue string, body []byte, o ...asynq.Option) {
		t.Helper()
		if _, err := client.Enqueue(asynq.NewTask(kind, body), append(o, asynq.Queue(queue))...); err != nil {
			t.Fatal(err)
		}
	}
	bad := []struct {
		kind string
		body []byte
	}{
		{"follow", []byte("follow/-1")}, {"follow", []byte("follow/0")}, {"follow", []byte("follow/'; DROP")}, {"follow", []byte("import/1")},
		{"follow", bytes.Repeat([]byte("9"), 10<<20)}, {"follow", nil}, {"mirage", []byte("mirage/1")}, {"follow", []byte("follow/1\x00")},
		{"follow", []byte("follow/99999999999999999999")}, {strings.Repeat("x", 1000), []byte("follow/1")},
	}
	for _, b := range bad {
		enqueue(b.kind, "follow", b.body)
	}
	for i := range 2000 {
		enqueue("follow", "follow", []byte("follow/2"), asynq.TaskID(fmt.Sprint("dup-", i)))
	}
	for _, id := range []string{"1", "2", "404"} {
		enqueue("follow", "follow", []byte("follow/"+id))
	}
	running(t, d)
	drained(t, server, "follow")
	if got := d.Rejected(); got != int64(len(bad)) {
		t.Errorf("rejected %d, want %d", got, len(bad))
	}
	if worked.Load() != 0 || *rows.rows[row{social.FollowTask, 2}] != before {
		t.Errorf("%d steps were worked, the row is %+v", worked.Load(), rows.rows[row{social.FollowTask, 2}])
	}
}

// drained waits until a queue holds nothing.
func drained(t *testing.T, server *redistest.Server, queue string) {
	t.Helper()
	inspector := asynq.NewInspectorFromRedisClient(server.Client)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); <-tick.C {
		info, err := inspector.GetQueueInfo(queue)
		if err == nil && info.Pending+info.Active+info.Scheduled+info.Retry == 0 {
			if info.Archived != 0 {
				t.Errorf("%d tasks are archived", info.Archived)
			}
			return
		}
	}
	t.Fatal("the queue is never empty")
}

// chain is a table of rows with many short steps, and how many are left.
func chain(t *testing.T, n, steps int) (rows *table, h Handler, done chan struct{}) {
	t.Helper()
	rows, done = newTable(time.Now), make(chan struct{})
	counts := make([]atomic.Int64, n+1)
	var left atomic.Int64
	left.Store(int64(n))
	for i := range n {
		rows.add(social.FollowTask, int64(i+1), time.Now())
	}
	h = rows.worker(func(_ context.Context, task social.Task) (time.Time, error) {
		if counts[task.ID].Add(1) < int64(steps) {
			return time.Now(), nil
		}
		if left.Add(-1) == 0 {
			close(done)
		}
		return time.Time{}, nil
	})
	return rows, h, done
}

// TestQUE02RedisWiped: FLUSHALL at random moments loses no work and does none twice.
func TestQUE02RedisWiped(t *testing.T) {
	wipes := 20
	if long() {
		wipes = 200
	}
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	server := redistest.Start(t)
	rows, h, done := chain(t, 50, 4*wipes/10+2)
	for range 2 {
		running(t, openTest(t, server, rows, h))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for range wipes {
		select {
		case <-timer.C:
			server.Wipe(t)
			timer.Reset(time.Duration(random.IntN(150)) * time.Millisecond)
		case <-done:
			t.Log("done before the last wipe")
		}
	}
	await(t, done, "all rows")
	if n := rows.undone(); n != 0 {
		t.Errorf("%d rows are undone", n)
	}
}

// TestQUE02RedisDown: Redis crashes in the middle and comes back empty; and a
// process that starts while it is down begins when it is up.
func TestQUE02RedisDown(t *testing.T) {
	server := redistest.Start(t)
	rows, h, done := chain(t, 20, 10)
	running(t, openTest(t, server, rows, h))
	server.Stop(t)
	d := openTest(t, server, rows, h)
	running(t, d)
	if err := d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 1}); err == nil && os.Getenv("GODWIT_TEST_REDIS_URL") == "" {
		t.Error("ringing without Redis reports nothing")
	}
	server.Up(t)
	await(t, done, "all rows")
}

// TestQUE02StuckActive: a ring that asynq lists as active though nobody works
// on it, its lease gone, holds nothing up: the next minute's has another name.
func TestQUE02StuckActive(t *testing.T) {
	server := redistest.Start(t)
	rows := newTable(time.Now)
	rows.add(social.FollowTask, 1, time.Now())
	now := time.Now()
	done := make(chan struct{})
	h := rows.worker(func(context.Context, social.Task) (time.Time, error) {
		close(done)
		return time.Time{}, nil
	})
	clock := new(atomic.Int64)
	clock.Store(now.UnixNano())
	d, err := OpenAsynq(server.URL(), rows, h, Options{Log: quietLog, Now: func() time.Time { return time.Unix(0, clock.Load()) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 1}); err != nil {
		t.Fatal(err)
	}
	stick(t, server)
	swept := make(chan struct{})
	d.rows = counted{rows, swept}
	running(t, d)
	await(t, swept, "a sweep in the same minute")
	clock.Add(int64(time.Minute))
	await(t, done, "the row")
}

// stick moves the one pending ring to where asynq keeps active ones, and
// deletes its lease.
func stick(t *testing.T, server *redistest.Server) {
	t.Helper()
	ctx := t.Context()
	id, err := server.Client.RPopLPush(ctx, "asynq:{follow}:pending", "asynq:{follow}:active").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Client.HSet(ctx, "asynq:{follow}:t:"+id, "state", "active").Err(); err != nil {
		t.Fatal(err)
	}
	if err := server.Client.Del(ctx, "asynq:{follow}:lease").Err(); err != nil {
		t.Fatal(err)
	}
}

// counted closes swept when the rows were listed twice.
type counted struct {
	*table
	swept chan struct{}
}

func (c counted) DueTasks(ctx context.Context, now time.Time, limit int) ([]social.Task, time.Time, error) {
	c.mu.Lock()
	if c.asked == 2 {
		close(c.swept)
	}
	c.mu.Unlock()
	return c.table.DueTasks(ctx, now, limit)
}

// TestQUE03Archived: a ring that was archived by hand swallows none of a later
// claim, and the archive is emptied.
func TestQUE03Archived(t *testing.T) {
	server := redistest.Start(t)
	rows := newTable(time.Now)
	rows.add(social.FollowTask, 1, time.Now())
	done := make(chan struct{})
	d := openTest(t, server, rows, rows.worker(func(context.Context, social.Task) (time.Time, error) {
		close(done)
		return time.Time{}, nil
	}))
	for claim := range int64(30) {
		if err := d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 1, Claim: claim}); err != nil {
			t.Fatal(err)
		}
	}
	inspector := asynq.NewInspectorFromRedisClient(server.Client)
	if n, err := inspector.ArchiveAllPendingTasks("follow"); err != nil || n != 30 {
		t.Fatal(n, err)
	}
	rows.rows[row{social.FollowTask, 1}].claim = 30 // thirty attempts came to nothing
	running(t, d)
	await(t, done, "the row")
	d.dropArchived()
	if info, err := inspector.GetQueueInfo("follow"); err != nil || info.Archived != 0 {
		t.Errorf("the archive holds %+v, %v", info, err)
	}
}

// TestQUE01PlainRedisStaysNear: an unencrypted connection to a public address
// is refused at the dial, whatever name led there.
func TestQUE01PlainRedisStaysNear(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:6379": true, "[::1]:6379": true, "10.1.2.3:6379": true, "[fd00::1]:6379": true, "[::ffff:10.0.0.1]:6379": true,
		"93.184.216.34:6379": false, "[2606:4700::1111]:6379": false, "0.0.0.0:6379": false, "garbage": false,
	} {
		if got := nearOnly("tcp", address, nil) == nil; got != ok {
			t.Errorf("%s: %v, want %v", address, got, ok)
		}
	}
	d, err := OpenAsynq(social.NewSecret("redis://:canary@93.184.216.34:6379"), newTable(time.Now), nil, Options{Log: quietLog})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 1})
	if err == nil || !strings.Contains(err.Error(), "public address") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"", "http://x", "redis://%zz:canary@x", "redis-socket://"} {
		_, err := OpenAsynq(social.NewSecret(bad), newTable(time.Now), nil, Options{})
		if err != nil && (fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %v", bad, err)
		}
		if err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
