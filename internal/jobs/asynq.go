package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Asynq dispatches through Redis, so that any number of processes share the
// work. Each process sweeps the rows too: what Redis loses or leaves stuck is
// rung for again.
type Asynq struct {
	*crew
	rows      Rows
	bell      bell
	redis     redis.UniversalClient
	client    *asynq.Client
	inspector *asynq.Inspector
	rejected  atomic.Int64
	away      bool // Redis did not answer last time; of the sweep alone
}

// OpenAsynq makes a dispatcher on the Redis at url: redis://, rediss:// or
// redis-socket://. It does not wait for Redis to answer. Errors are Invalid.
func OpenAsynq(url social.Secret, rows Rows, h Handler, o Options) (*Asynq, error) {
	rdb, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	return &Asynq{
		crew: newCrew(h, o), rows: rows, bell: newBell(), redis: rdb,
		client: asynq.NewClientFromRedisClient(rdb), inspector: asynq.NewInspectorFromRedisClient(rdb),
	}, nil
}

// Close ends the connections to Redis, after Run.
func (a *Asynq) Close() error { return a.redis.Close() }

// Rejected counts queued tasks that were dropped because Godwit never queues
// such (QUE-01).
func (a *Asynq) Rejected() int64 { return a.rejected.Load() }

// Ping reports whether Redis answers.
func (a *Asynq) Ping(ctx context.Context) error { return a.redis.Ping(ctx).Err() }

// Ring queues the task at once. An error means that it waits for the sweep.
func (a *Asynq) Ring(ctx context.Context, t social.Task) error {
	return a.enqueue(ctx, t, a.Now())
}

// enqueue queues a task. Its id holds the claim and the minute: while one ring
// waits another is needless, but a ring that is stuck or archived swallows
// those of the next minute no more (QUE-02, QUE-03).
func (a *Asynq) enqueue(ctx context.Context, t social.Task, now time.Time) error {
	id := fmt.Sprintf("%s:%d:%d:%d", t.Kind, t.ID, t.Claim, now.Unix()/60)
	_, err := a.client.EnqueueContext(ctx, asynq.NewTask(string(t.Kind), []byte(payload(t))),
		asynq.TaskID(id), asynq.Queue(string(t.Kind)), asynq.MaxRetry(1), asynq.Retention(0), asynq.Timeout(ringLife))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

func payload(t social.Task) string { return fmt.Sprintf("%s/%d", t.Kind, t.ID) }

// parseTask reads a queued task as a stranger's: kind and id must be such as
// payload writes.
func parseTask(kind string, body []byte) (social.Task, bool) {
	t := social.Task{Kind: social.TaskKind(kind)}
	if _, known := shares[t.Kind]; !known || len(body) > maxPayload {
		return social.Task{}, false
	}
	digits, found := strings.CutPrefix(string(body), kind+"/")
	id, err := strconv.ParseInt(digits, 10, 64)
	t.ID = id
	return t, found && err == nil && id > 0 && payload(t) == string(body)
}

// Run works until ctx ends, once.
func (a *Asynq) Run(ctx context.Context) error {
	servers := make([]*asynq.Server, 0, len(shares))
	for kind, places := range shares {
		s := a.server(kind, places)
		if err := s.Start(a.handler(ctx)); err != nil {
			return err
		}
		servers = append(servers, s)
	}
	dropped := a.Now()
	for ctx.Err() == nil {
		a.sweep(ctx)
		if a.Now().Sub(dropped) >= dropEvery {
			dropped = a.Now()
			a.dropArchived()
		}
		a.bell.wait(ctx, every)
	}
	each(servers, (*asynq.Server).Stop)
	err := a.drain()
	each(servers, (*asynq.Server).Shutdown)
	return err
}

func each(servers []*asynq.Server, act func(*asynq.Server)) {
	var group sync.WaitGroup
	for _, s := range servers {
		group.Go(func() { act(s) })
	}
	group.Wait()
}

// server makes a server of one kind: asynq bounds concurrency by server only.
func (a *Asynq) server(kind social.TaskKind, places int) *asynq.Server {
	return asynq.NewServerFromRedisClient(a.redis, asynq.Config{
		Concurrency:       places,
		Queues:            map[string]int{string(kind): 1},
		TaskCheckInterval: redisPoll,
		ShutdownTimeout:   time.Second, // drain has waited already
		Logger:            quiet{a.Log},
	})
}

// handler answers asynq until ctx ends. It returns nil whatever happens: how
// it went stands in the row, and a task that asynq archives would swallow later
// ones.
func (a *Asynq) handler(ctx context.Context) asynq.HandlerFunc {
	return func(_ context.Context, msg *asynq.Task) error {
		t, ok := parseTask(msg.Type(), msg.Payload())
		if !ok {
			a.rejected.Add(1)
			return nil
		}
		if ctx.Err() == nil && a.desk.start(t, a.Now()) {
			a.work(t)
			a.bell.ring()
		}
		return nil
	}
}

// sweep rings for what is due and what this process does not leave alone.
func (a *Asynq) sweep(ctx context.Context) {
	now := a.Now()
	due, _, err := a.rows.DueTasks(ctx, now, batch)
	if err != nil {
		if ctx.Err() == nil {
			a.Log.Warn("due tasks could not be listed", "cause", err.Error())
		}
		return
	}
	for _, t := range due {
		if !a.desk.free(t, now) {
			continue
		}
		if err := a.enqueue(ctx, t, now); err != nil {
			a.noteRedis(ctx, err)
			return
		}
	}
	if len(due) > 0 {
		a.noteRedis(ctx, nil)
	}
}

// noteRedis logs once when Redis goes and once when it is back.
func (a *Asynq) noteRedis(ctx context.Context, err error) {
	if ctx.Err() != nil || a.away == (err != nil) {
		return
	}
	a.away = err != nil
	if err != nil {
		a.Log.Warn("Redis does not answer; work waits for it", "cause", err.Error())
		return
	}
	a.Log.Info("Redis answers again")
}

// dropArchived empties what asynq keeps of tasks that crashed a process twice.
func (a *Asynq) dropArchived() {
	for kind := range shares {
		n, err := a.inspector.DeleteAllArchivedTasks(string(kind))
		if err == nil && n > 0 { // an error, as for a queue never used, is met again next time
			a.Log.Warn("asynq had given up rings; their rows are rung for again", "kind", string(kind), "n", n)
		}
	}
}

func badRedis() error {
	return fault.New(fault.Invalid, "bad-redis-url", "GODWIT_REDIS_URL must start with redis://, rediss:// or redis-socket://; leave it out to do without Redis.")
}
