package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"godwit/internal/fault"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// operatorKeyFile holds the key of the operator's own pages.
const operatorKeyFile = "operator-key"

// operate serves the operator's pages until ctx ends, when there is an address
// for them, and returns what waits for their end.
func (h *house) operate(ctx context.Context, queue jobs.Dispatcher) (ended func(), err error) {
	if h.cfg.Operator == "" {
		return func() {}, nil
	}
	key, err := localKey(filepath.Join(h.cfg.DataDir, operatorKeyFile))
	if err != nil {
		return nil, err
	}
	deps := web.OperatorDeps{Key: key, Figures: h.figures(queue), Ready: h.readiness(queue)}
	closeQueues := func() error { return nil }
	if !h.cfg.RedisURL.IsZero() {
		if deps.Queues, closeQueues, err = jobs.Monitor(h.cfg.RedisURL, "/queues"); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", h.cfg.Operator)
	if err != nil {
		return nil, errors.Join(fault.New(fault.Invalid, "address-in-use", "{addr} is in use. Stop what runs there, or choose another with --operator-addr.", "addr", h.cfg.Operator).Because(err), closeQueues())
	}
	fmt.Fprintf(h.stderr, "Metrics and queues: http://%s/?k=%s\n", listener.Addr(), key)
	return h.serveOperator(ctx, listener, web.Server(web.Operator(deps)), closeQueues), nil
}

func (h *house) serveOperator(ctx context.Context, listener net.Listener, server *http.Server, closeQueues func() error) (ended func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.logger().Warn("the operator's pages ended", "cause", err.Error())
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	return func() {
		stop()
		_ = server.Close()
		<-done
		_ = closeQueues()
	}
}

// readiness looks at each part that this process needs.
func (h *house) readiness(queue jobs.Dispatcher) func(context.Context) []web.Readiness {
	return func(ctx context.Context) []web.Readiness {
		ctx, stop := context.WithTimeout(ctx, readyTime)
		defer stop()
		parts := []web.Readiness{{Part: "database"}, {Part: "storage"}, {Part: "queue"}}
		if _, err := h.store.Migrations(ctx); err != nil {
			parts[0].Trouble = fault.Say(err)
		}
		if err := queue.Trouble(); err != nil {
			parts[1].Trouble = say(err)
		}
		if err := reachable(ctx, queue); err != nil {
			parts[2].Trouble = "Redis does not answer. Nothing is lost; work goes on when it does."
		}
		return parts
	}
}

// readyTime bounds a look at all parts.
const readyTime = 3 * time.Second

// reachable asks what hands out the work, where that is outside this process.
func reachable(ctx context.Context, queue jobs.Dispatcher) error {
	if outside, ok := queue.(interface{ Ping(context.Context) error }); ok {
		return outside.Ping(ctx)
	}
	return nil
}

// figures are what Prometheus reads: this process's counts, and the state of
// the rows that all processes share.
func (h *house) figures(queue jobs.Dispatcher) func(context.Context) ([]web.Figure, error) {
	return func(ctx context.Context) ([]web.Figure, error) {
		now := time.Now()
		stock, err := h.store.Stock(ctx, now)
		if err != nil {
			return nil, err
		}
		return append(h.ownFigures(queue), stockFigures(stock, now)...), nil
	}
}

func (h *house) ownFigures(queue jobs.Dispatcher) []web.Figure {
	t := h.worker.Traffic()
	trouble := 0.0
	if queue.Trouble() != nil {
		trouble = 1
	}
	all := []web.Figure{
		{Name: "godwit_build_info", Help: "Which Godwit this is.", Labels: []string{"version", version}, Value: 1},
		{Name: "godwit_home_requests_total", Help: "Requests of this process to home servers.", Value: float64(t.Requests)},
		{Name: "godwit_home_rate_limited_total", Help: "Of them answered with 429.", Value: float64(t.Limited)},
		{Name: "godwit_storage_trouble", Help: "1 while the disk is full or failing.", Value: trouble},
	}
	for outcome, n := range h.worker.Outcomes() {
		all = append(all, web.Figure{Name: "godwit_follow_outcomes_total", Help: "Outcomes of follows that this process wrote.",
			Labels: []string{"outcome", string(outcome)}, Value: float64(n)})
	}
	if redis, ok := queue.(interface{ Rejected() int64 }); ok {
		all = append(all, web.Figure{Name: "godwit_queue_rejected_total", Help: "Queued tasks that were none of Godwit's, and dropped.", Value: float64(redis.Rejected())})
	}
	return all
}

func stockFigures(k store.Stock, now time.Time) []web.Figure {
	all := []web.Figure{
		{Name: "godwit_users", Help: "People.", Value: float64(k.Users)},
		{Name: "godwit_servers_left_alone", Help: "Servers that asked for it.", Value: float64(k.LeftAlone)},
		{Name: "godwit_home_servers_ill", Help: "Home servers that did not answer last time.", Value: float64(k.Ill)},
	}
	for _, state := range []social.DestinationState{social.Active, social.PermissionLost, social.Disabled, social.LimitReached} {
		all = append(all, web.Figure{Name: "godwit_destinations", Help: "Connected accounts by state.", Labels: []string{"state", string(state)}, Value: float64(k.Destinations[state])})
	}
	for _, state := range []social.JobState{social.JobPlanned, social.JobAsked, social.JobDone, social.JobCanceled, social.JobUndoing} {
		all = append(all, web.Figure{Name: "godwit_follow_jobs", Help: "Follows by state.", Labels: []string{"state", string(state)}, Value: float64(k.Jobs[state])})
	}
	for _, kind := range []social.TaskKind{social.ImportTask, social.MatchTask, social.LookUpTask, social.FollowTask, social.MirrorTask, social.ServerTask, social.MailTask} {
		all = append(all, queueFigures(kind, k.Tasks[kind], now)...)
	}
	return all
}

func queueFigures(kind social.TaskKind, q store.Queue, now time.Time) (all []web.Figure) {
	late := 0.0
	if !q.Oldest.IsZero() {
		late = max(0, now.Sub(q.Oldest).Seconds())
	}
	for state, n := range map[string]int{"due": q.Due, "waiting": q.Waiting, "claimed": q.Claimed} {
		all = append(all, web.Figure{Name: "godwit_tasks", Help: "Tasks by kind and state.", Labels: []string{"kind", string(kind), "state", state}, Value: float64(n)})
	}
	return append(all, web.Figure{Name: "godwit_tasks_late_seconds", Help: "How long the eldest due task waits.", Labels: []string{"kind", string(kind)}, Value: late})
}
