package worker

import (
	"fmt"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// cohort is a wave on home.test with members who each follow some people.
func (r *rig) cohort(members, each int, change func(*social.WaveTerms)) (boss social.User, w social.Wave, all []social.Destination) {
	r.t.Helper()
	home := r.world.AddHost("home.test", social.Mastodon)
	var people []importertest.Person
	for i := range each {
		host := r.world.AddHost(fmt.Sprintf("flock%d.test", i), social.Mastodon)
		people = append(people, follows(i, "I am @"+host.AddAccount("bird").Handle()))
	}
	var err error
	ctx := r.t.Context()
	boss, err = r.store.SaveUser(ctx, social.User{Host: "home.test", RemoteID: "boss", Handle: r.handle("boss@home.test")})
	r.ok(err)
	r.ok(r.store.SaveRole(ctx, social.ServerRole{UserID: boss.ID, Host: "home.test", Domain: "home.test", Rank: social.Admin, CheckedAt: r.clock.Now()}))
	terms := social.WaveTerms{Name: "w", Entry: social.OpenEntry, Joiners: social.AllJoin, Expects: 9, EndsAt: r.clock.Now().AddDate(0, 1, 0), CapAll: 60, CapOne: 60}
	change(&terms)
	w, err = r.store.CreateWave(ctx, boss.ID, social.Wave{WaveTerms: terms, Host: "home.test", Code: "wave", CreatedAt: r.clock.Now()})
	r.ok(err)
	r.ok(r.store.StartWave(ctx, boss.ID, w.ID, r.clock.Now()))
	for i := range members {
		d := r.neighbour(home, fmt.Sprint("new", i), r.list(people))
		_, err := r.store.JoinWave(ctx, d.UserID, d.ID, "wave", "", r.clock.Now())
		r.ok(err)
		all = append(all, d)
	}
	for _, d := range all {
		_, err := r.store.PlanFollows(ctx, d.UserID, d.ID, r.clock.Now())
		r.ok(err)
	}
	return boss, w, all
}

// askedAt are the instants at which home.test was asked to follow somebody.
func (r *rig) askedAt() (at []time.Time) {
	for _, q := range r.world.Log() {
		if q.Host == "home.test" && q.Method == "POST" && q.Status == 200 {
			at = append(at, q.At)
		}
	}
	return at
}

// A Wave's caps hold in every hour, over all of its newcomers and for each.
func TestWaveCapsHold(t *testing.T) {
	for name, c := range map[string]struct {
		members, each, all, one, most int
	}{
		"together": {3, 8, 12, 12, 12},
		"each":     {1, 12, 600, 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, _, all := r.cohort(c.members, c.each, func(w *social.WaveTerms) { w.CapAll, w.CapOne = c.all, c.one })
			r.drive(2 * day)
			for _, d := range all {
				if n, err := r.store.FollowCounts(t.Context(), d.UserID, d.ID); err != nil || n.Waiting > 0 || n.ByOutcome[social.Followed] != c.each {
					t.Errorf("%+v %v", n, err)
				}
			}
			at := r.askedAt()
			if len(at) != c.members*c.each {
				t.Errorf("%d follows were asked", len(at))
			}
			for i := range at {
				if i+c.most < len(at) && at[i+c.most].Sub(at[i]) < time.Hour {
					t.Fatalf("more than %d in an hour: %s and %s", c.most, at[i], at[i+c.most])
				}
			}
			if took := at[len(at)-1].Sub(at[0]); took < time.Hour {
				t.Errorf("all in %s", took)
			}
		})
	}
}

// A pause stops the whole Wave, and going on goes on.
func TestWavePause(t *testing.T) {
	r := newRig(t)
	boss, w, all := r.cohort(2, 3, func(*social.WaveTerms) {})
	r.ok(r.store.PauseWave(t.Context(), boss.ID, w.ID, boss.Handle, r.clock.Now()))
	r.drive(day)
	if at := r.askedAt(); len(at) != 0 {
		t.Fatalf("%d follows in a pause", len(at))
	}
	r.ok(r.store.ResumeWave(t.Context(), boss.ID, w.ID, r.clock.Now()))
	r.drive(day)
	if at := r.askedAt(); len(at) != 6 {
		t.Errorf("%d follows after it", len(at))
	}
	for _, d := range all {
		r.once(d.Handle.String())
	}
}

// A server that says "slow down" is asked at half the pace, without anybody
// pressing anything.
func TestWaveSlowsByItself(t *testing.T) {
	r := newRig(t)
	boss, w, _ := r.cohort(1, 3, func(*social.WaveTerms) {})
	for range 3 {
		r.ok(r.store.NoteLoad(t.Context(), w.ID, 10, 1, r.clock.Now()))
	}
	w, err := r.store.GetWave(t.Context(), boss.ID, w.ID)
	if r.ok(err); !w.Slow(r.clock.Now()) || !w.SlowBy.IsZero() {
		t.Errorf("%+v", w)
	}
	r.drive(time.Hour)
	l, err := r.store.Load(t.Context(), boss.ID, w.ID, r.clock.Now())
	if r.ok(err); l.Slow == 0 {
		t.Errorf("%+v", l)
	}
}

// The load of a Wave is counted as it is caused.
func TestWaveLoadIsCounted(t *testing.T) {
	r := newRig(t)
	boss, w, _ := r.cohort(1, 3, func(*social.WaveTerms) {})
	r.world.Reset()
	r.drive(time.Minute)
	requests := 0
	for _, q := range r.world.Log() {
		if q.Host == "home.test" && q.Path != "/robots.txt" {
			requests++
		}
	}
	r.clock.Advance(5 * time.Minute)
	l, err := r.store.Load(t.Context(), boss.ID, w.ID, r.clock.Now())
	if r.ok(err); requests == 0 || l.Requests != (requests+4)/5 || l.Hour != 3 || l.Slow != 0 {
		t.Errorf("%+v, %d requests", l, requests)
	}
}

// What an admin's list blocks is followed by nobody of that server.
func TestGivenBlocksAreRespected(t *testing.T) {
	r := newRig(t)
	boss, _, all := r.cohort(1, 3, func(*social.WaveTerms) {})
	r.ok(r.store.SaveGivenBlocks(t.Context(), boss.ID, "home.test", []string{social.DomainDigest("flock1.test")}, r.clock.Now()))
	r.drive(day)
	if at := r.askedAt(); len(at) != 2 {
		t.Errorf("%d follows", len(at))
	}
	for _, j := range r.jobs(all[0]) {
		if j.Handle.Host() == "flock1.test" && (j.Outcome != social.Declined || j.Reason != social.ReasonOurServer) {
			t.Errorf("%+v", j)
		}
	}
}

// REG-08: whoever takes the consent back is not followed any more, though the
// plan was made before.
func TestREG08ConsentTakenBack(t *testing.T) {
	r := newRig(t)
	boss, w, all := r.cohort(1, 1, func(*social.WaveTerms) {})
	ctx, d := t.Context(), all[0]
	star := r.world.AddHost("star.test", social.Mastodon)
	star.AddAccount("nova")
	r.ok(r.store.AddStarter(ctx, boss.ID, social.Starter{WaveID: w.ID, Code: "ask", Handle: r.handle("nova@star.test"), AskedAt: r.clock.Now()}))
	u, err := r.store.SaveUser(ctx, social.User{Host: "star.test", RemoteID: "nova", Handle: r.handle("nova@star.test")})
	r.ok(err)
	r.user = u
	r.follower(star, "nova")
	answer := func(a string) { r.ok(r.store.AnswerStarter(ctx, u.ID, "ask", a, r.clock.Now())) }
	answer(social.StarterYes)
	list, err := r.store.ListStarters(ctx, boss.ID, w.ID)
	r.ok(err)
	pick := func() error {
		_, err := r.store.PickStarters(ctx, d.UserID, "wave", []int64{list[0].ID}, r.clock.Now())
		return err
	}
	r.ok(pick())
	answer(social.StarterNo)
	if err := pick(); !fault.Is(err, fault.NotFound) {
		t.Errorf("picked after the no: %v", err)
	}
	r.drive(day)
	if f := r.world.Follows(d.Handle.String()); len(f) != 1 || f[0].Handle == "nova@star.test" {
		t.Errorf("%+v", f)
	}
	answer(social.StarterYes)
	r.ok(pick())
	r.drive(day)
	if f := r.world.Follows(d.Handle.String()); len(f) != 2 {
		t.Errorf("%+v", f)
	}
}
