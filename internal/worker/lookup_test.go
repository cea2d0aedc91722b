package worker

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// webfingers are the instants at which a registrable domain was asked.
func (r *rig) webfingers(suffix string) (at []time.Time) {
	for _, q := range r.world.Log() {
		if strings.HasSuffix(q.Host, suffix) && q.Path == "/.well-known/webfinger" {
			at = append(at, q.At)
		}
	}
	return at
}

// TestNET04OneDomain: all hosts of one registrable domain are asked one after
// the other and a second apart, whatever other domains do.
func TestNET04OneDomain(t *testing.T) {
	r := newRig(t)
	var people []importertest.Person
	for i := range 20 {
		for _, name := range []string{fmt.Sprintf("h%d.evil.example", i), fmt.Sprintf("good%d.test", i)} {
			host := r.world.AddHost(name, social.Mastodon)
			people = append(people, follows(len(people), "@"+host.AddAccount("a").Handle()))
		}
	}
	r.give(listName, r.list(people))
	r.drive(time.Hour)
	at := r.webfingers(".evil.example")
	if len(at) != 20 {
		t.Fatalf("asked %d times", len(at))
	}
	for i := range len(at) - 1 {
		if gap := at[i+1].Sub(at[i]); gap < time.Second {
			t.Errorf("asked again after %s", gap)
		}
	}
	for i := range 20 {
		if at := r.webfingers(fmt.Sprintf("good%d.test", i)); len(at) != 1 || at[0].Sub(start) > time.Second {
			t.Errorf("good%d.test was asked at %v", i, at)
		}
	}
	c, err := r.store.MatchCounts(t.Context(), r.user.ID)
	r.ok(err)
	if c.Found != 40 || c.Looking != 0 {
		t.Errorf("counts: %+v", c)
	}
}

// TestNET04Answers: how often a handle is asked about, by what its server said.
func TestNET04Answers(t *testing.T) {
	for name, c := range map[string]struct {
		shape     func(w *feditest.World) string // returns the handle
		least     int                            // requests of WebFinger in 60 days
		most      int
		wantState social.ResolutionState
	}{
		"found":   {func(w *feditest.World) string { return w.AddHost("a.test", social.Mastodon).AddAccount("a").Handle() }, 1, 1, social.Found},
		"missing": {func(w *feditest.World) string { w.AddHost("a.test", social.Mastodon); return "a@a.test" }, 1, 1, social.Missing},
		"gone": {func(w *feditest.World) string {
			return w.AddHost("a.test", social.Mastodon).AddAccount("a", feditest.Gone()).Handle()
		}, 1, 1, social.GoneForGood},
		"500": {func(w *feditest.World) string {
			h := w.AddHost("a.test", social.Mastodon)
			h.Fault(feditest.Status(500, ""))
			return h.AddAccount("a").Handle()
		}, 5, 2 * maxAsks, social.Ill},
		"cut": {func(w *feditest.World) string {
			h := w.AddHost("a.test", social.Mastodon)
			h.Fault(feditest.Cut())
			return h.AddAccount("a").Handle()
		}, 5, 3 * maxAsks, social.Ill},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.give(listName, r.list([]importertest.Person{follows(0, "@"+c.shape(r.world))}))
			r.drive(60 * 24 * time.Hour)
			if n := len(r.webfingers("a.test")); n < c.least || n > c.most {
				t.Errorf("asked %d times, want %d to %d", n, c.least, c.most)
			}
			page, _, err := r.store.ListMatches(t.Context(), r.user.ID, store.MatchFilter{Limit: 10})
			r.ok(err)
			for _, m := range page {
				if m.Resolution.State != c.wantState {
					t.Errorf("the answer is %s, want %s", m.Resolution.State, c.wantState)
				}
			}
		})
	}
}

// TestNET04Circuit: a domain that does not answer is left alone for longer and
// longer, however many handles it has; when it is back, all are found.
func TestNET04Circuit(t *testing.T) {
	r := newRig(t)
	host := r.world.AddHost("ill.test", social.Mastodon)
	var people []importertest.Person
	for i := range 30 {
		people = append(people, follows(i, "@"+host.AddAccount(fmt.Sprint("a", i)).Handle()))
	}
	heal := host.Fault(feditest.Status(502, ""))
	r.give(listName, r.list(people))
	r.drive(24 * time.Hour)
	n := len(r.webfingers("ill.test"))
	if n < 4 || n > 40 {
		t.Errorf("asked %d times in a day", n)
	}
	c, err := r.store.MatchCounts(t.Context(), r.user.ID)
	r.ok(err)
	if c.Found != 0 || c.NotFound == 30 {
		t.Errorf("counts while it is ill: %+v", c)
	}
	heal()
	r.drive(14 * 24 * time.Hour)
	if c, err = r.store.MatchCounts(t.Context(), r.user.ID); err != nil || c.Found != 30 {
		t.Errorf("counts when it is back: %+v, %v", c, err)
	}
}

// asked is a Mover that answers from a function.
type asked struct {
	bridge.Mover
	answer func(social.Handle) (social.Resolution, error)
}

func (a asked) LookUp(_ context.Context, h social.Handle) (social.Resolution, error) {
	return a.answer(h)
}

// TestENG07PoisonLookUp: a handle whose answer breaks us holds up nobody.
func TestENG07PoisonLookUp(t *testing.T) {
	r := newRig(t)
	body := r.crowd(social.Mastodon, 1, 6)
	inner := r.mover
	r.mover = asked{inner, func(h social.Handle) (social.Resolution, error) {
		if h.User() == "bird2" {
			panic("poison")
		}
		return inner.LookUp(t.Context(), h)
	}}
	r.give(listName, body)
	r.drive(month)
	c, err := r.store.MatchCounts(t.Context(), r.user.ID)
	r.ok(err)
	if c.Found != 5 {
		t.Errorf("counts: %+v", c)
	}
}

func TestHealth(t *testing.T) {
	d := store.Domain{}
	ill, well := social.Resolution{State: social.Ill}, social.Resolution{State: social.Missing}
	for i, want := range []time.Duration{0, 0, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute} {
		health(&d, ill, start)
		if want == 0 && !d.OpenUntil.IsZero() || want > 0 && d.OpenUntil.Sub(start) != want {
			t.Errorf("after %d failures left alone until %s", i+1, d.OpenUntil)
		}
	}
	for range 100 {
		health(&d, ill, start)
	}
	if d.OpenUntil.Sub(start) != circuitMost {
		t.Errorf("after very many failures left alone for %s", d.OpenUntil.Sub(start))
	}
	if health(&d, well, start); d.Failures != 0 || !d.OpenUntil.IsZero() {
		t.Errorf("after an answer %+v", d)
	}
}

func TestJudgeAnswer(t *testing.T) {
	for attempts, want := range []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour} {
		for _, state := range []social.ResolutionState{social.Missing, social.NotFedi, social.Unconfirmed, social.Refused} {
			r := social.Resolution{State: state, FreshUntil: start.Add(time.Minute)}
			if v := judgeAnswer(&r, attempts, start); !v.again.IsZero() || v.attempts != attempts+1 || r.FreshUntil.Sub(start) != want {
				t.Errorf("%s after %d: %+v, fresh for %s", state, attempts, v, r.FreshUntil.Sub(start))
			}
		}
	}
	for attempts, want := range []time.Duration{askSoon, time.Hour, 2 * time.Hour, 4 * time.Hour} {
		r := social.Resolution{State: social.Ill}
		if v := judgeAnswer(&r, attempts, start); v.again.Sub(start) != want || v.attempts != attempts+1 {
			t.Errorf("ill after %d: %+v", attempts, v)
		}
	}
	r := social.Resolution{State: social.Ill}
	if v := judgeAnswer(&r, maxAsks-1, start); !v.again.IsZero() {
		t.Errorf("after %d times asked again at %s", maxAsks, v.again)
	}
	r = social.Resolution{State: social.Missing}
	if judgeAnswer(&r, 1000, start); r.FreshUntil.Sub(start) != askAgainMost {
		t.Errorf("a no is believed for %s", r.FreshUntil.Sub(start))
	}
	r = social.Resolution{State: social.Found, FreshUntil: start.Add(time.Minute)}
	if v := judgeAnswer(&r, 5, start); v.attempts != 0 || !v.again.IsZero() || r.FreshUntil.Sub(start) != time.Minute {
		t.Errorf("found: %+v, %s", v, r.FreshUntil)
	}
}
