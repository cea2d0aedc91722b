package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"godwit/internal/social"
)

// scene is one person who follows many accounts from one home server.
type scene struct {
	flavour social.Flavour // of the home server; the others are Mastodon's
	people  int            // to be followed
	hosts   int            // that they are on
	most    float64        // requests to the home server for each follow, as an aim
	late    aim            // of the time it takes, against the earliest that is possible
}

// followRows tells what following costs a home server, for each flavour.
func followRows(ctx context.Context, b *bench) (rows []row, err error) {
	for _, s := range b.scenes {
		b.say("following %d accounts on %d hosts from %s", s.people, s.hosts, s.flavour)
		dir, err := os.MkdirTemp(b.dir, "follow-")
		if err != nil {
			return rows, err
		}
		e, err := s.play(ctx, dir)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", s.flavour, err)
		}
		rows = append(rows, s.rows(e)...)
	}
	return rows, nil
}

// ending is how a scene went.
type ending struct {
	followed int
	requests int       // that the home server got, up to the last check
	limited  int       // of them answered with 429
	begun    time.Time // when the person said so
	finished time.Time // when the last follow was sent
}

// play goes the whole way, from an export to followed accounts.
func (s scene) play(ctx context.Context, dir string) (e ending, err error) {
	st, err := newStage(ctx, dir)
	if err != nil {
		return e, err
	}
	defer st.close()
	if err := st.match(ctx, s); err != nil {
		return e, err
	}
	d, err := st.connect(ctx, s.flavour)
	if err != nil {
		return e, err
	}
	if err := st.plan(ctx, d, s.people); err != nil {
		return e, err
	}
	st.world.Reset()
	e.begun = st.clock.Now()
	if err := st.drive(ctx, longest); err != nil {
		return e, err
	}
	stats := st.world.Stats(homeHost)
	e.requests, e.limited = stats.Requests, stats.RateLimited
	e.finished = e.begun
	for job, ended := range st.followed {
		if ended {
			e.followed++
		}
		if at := st.asked[job]; at.After(e.finished) {
			e.finished = at
		}
	}
	return e, nil
}

// rows are the lines about one scene.
func (s scene) rows(e ending) []row {
	name := "follow, " + string(s.flavour) + ": "
	each := float64(e.requests) / float64(max(e.followed, 1))
	took := e.finished.Sub(e.begun)
	least := allowances[s.flavour].earliest(s.people, e.begun).Sub(e.begun)
	ours := allowances[s.flavour].less(headRoom).earliest(s.people, e.begun).Sub(e.begun)
	return []row{{
		name: name + "requests", measured: fmt.Sprintf("%.3f for each follow", each),
		beside: fmt.Sprintf("%d of %d followed, on %d hosts", e.followed, s.people, s.hosts),
		aim:    atMost(s.most, ""), got: each,
	}, {
		name: name + "answers 429", measured: fmt.Sprint(e.limited),
		beside: fmt.Sprintf("%d requests", e.requests), aim: atMost(0, ""), got: float64(e.limited),
	}, {
		name: name + "finished", measured: "after " + took.Round(time.Second).String(),
		beside: ours.Round(time.Second).String() + " by the limits, with what is left to the person", ratio: over(took, ours),
		aim: s.late, got: over(took, ours),
	}, {
		name: name + "finished, all used", measured: "after " + took.Round(time.Second).String(),
		beside: least.Round(time.Second).String() + " by the limits alone", ratio: over(took, least), got: took.Seconds(),
	}}
}
