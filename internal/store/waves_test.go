package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// admin makes a User whose account is of a rank on shore.test, or on another host.
func admin(t testing.TB, s *store.Store, name, host string, rank social.Rank) social.User {
	t.Helper()
	u := must(s.SaveUser(t.Context(), social.User{Host: host, RemoteID: social.RemoteID(name), Handle: hd(t, name+"@"+host), CreatedAt: now}))(t)
	ok(t, s.SaveRole(t.Context(), social.ServerRole{UserID: u.ID, Host: host, Domain: host, Rank: rank, CheckedAt: now}))
	return u
}

func terms() social.WaveTerms {
	return social.WaveTerms{Name: "Birds", Welcome: "Hello", Entry: social.OpenEntry, Joiners: social.AllJoin, Expects: 100, EndsAt: now.AddDate(0, 0, 14), CapAll: 120, CapOne: 60}
}

// wave starts one on shore.test.
func wave(t testing.TB, s *store.Store, by social.User, change func(*social.WaveTerms)) social.Wave {
	t.Helper()
	w := terms()
	if change != nil {
		change(&w)
	}
	made := must(s.CreateWave(t.Context(), by.ID, social.Wave{WaveTerms: w, Host: by.Host, Code: "code" + fmt.Sprint(time.Now().UnixNano()), CreatedAt: now}))(t)
	ok(t, s.StartWave(t.Context(), by.ID, made.ID, now))
	return must(s.GetWave(t.Context(), by.ID, made.ID))(t)
}

// newcomer makes a User with a Destination on shore.test.
func newcomer(t testing.TB, s *store.Store, i int) (social.User, social.Destination) {
	t.Helper()
	name := fmt.Sprintf("new%d", i)
	u := must(s.SaveUser(t.Context(), social.User{Host: "shore.test", RemoteID: social.RemoteID(name), Handle: hd(t, name+"@shore.test"), CreatedAt: now}))(t)
	d := must(s.SaveDestination(t.Context(), social.Destination{UserID: u.ID, Host: "shore.test", RemoteID: social.RemoteID(name),
		Handle: hd(t, name+"@shore.test"), ActorID: "https://shore.test/users/" + name, Flavour: social.Mastodon, CreatedAt: now}, social.NewSecret("t")))(t)
	return u, d
}

// AUT-15: a Wave is seen by those who run its server, changed by its admins,
// and by nobody else; a rank on one server says nothing on another.
func TestAUT15WavesBelongToTheirServer(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss, second := admin(t, s, "boss", "shore.test", social.Admin), admin(t, s, "second", "shore.test", social.Admin)
		mod, other := admin(t, s, "mod", "shore.test", social.Moderator), admin(t, s, "evil", "evil.test", social.Admin)
		if _, err := s.CreateWave(ctx, other.ID, social.Wave{WaveTerms: terms(), Host: "shore.test", Code: "x", CreatedAt: now}); !fault.Is(err, fault.NotFound) {
			t.Errorf("another server's admin made a wave: %v", err)
		}
		if _, err := s.CreateWave(ctx, mod.ID, social.Wave{WaveTerms: terms(), Host: "shore.test", Code: "x", CreatedAt: now}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a moderator made a wave: %v", err)
		}
		w := wave(t, s, boss, nil)
		for _, c := range []struct {
			who          social.User
			sees, change bool
		}{{boss, true, true}, {second, true, true}, {mod, true, false}, {other, false, false}} {
			_, err := s.GetWave(ctx, c.who.ID, w.ID)
			if (err == nil) != c.sees {
				t.Errorf("%s sees: %v", c.who.Handle, err)
			}
			_, err = s.CountWave(ctx, c.who.ID, w.ID)
			if (err == nil) != c.sees {
				t.Errorf("%s counts: %v", c.who.Handle, err)
			}
			if _, err = s.Load(ctx, c.who.ID, w.ID, now); (err == nil) != c.sees {
				t.Errorf("%s sees the load: %v", c.who.Handle, err)
			}
			for name, act := range map[string]func() error{
				"terms": func() error { return s.SaveTerms(ctx, c.who.ID, w.ID, terms()) }, "caps": func() error { return s.SaveCaps(ctx, c.who.ID, w.ID, 120, 60) },
				"pause": func() error { return s.PauseWave(ctx, c.who.ID, w.ID, c.who.Handle, now) }, "resume": func() error { return s.ResumeWave(ctx, c.who.ID, w.ID, now) },
				"slow": func() error { return s.SlowWave(ctx, c.who.ID, w.ID, c.who.Handle, time.Time{}, now) },
				"hook": func() error { return s.SaveHook(ctx, c.who.ID, w.ID, social.NewSecret("s")) },
				"policy": func() error {
					return s.SavePolicy(ctx, c.who.ID, social.MirrorPolicy{Host: "shore.test", Choice: social.MirrorNo})
				},
				"blocks": func() error { return s.SaveGivenBlocks(ctx, c.who.ID, "shore.test", nil, now) },
				"wishes": func() error { return s.SaveServerWishes(ctx, c.who.ID, social.Home{Host: "shore.test"}) },
				"starter": func() error {
					return s.AddStarter(ctx, c.who.ID, social.Starter{WaveID: w.ID, Code: "c" + c.who.Handle.User(), Handle: hd(t, "a@b.test")})
				},
			} {
				if err := act(); (err == nil) != c.change || err != nil && !fault.Is(err, fault.NotFound) {
					t.Errorf("%s as %s: %v", name, c.who.Handle, err)
				}
			}
		}
		ok(t, s.SaveRole(ctx, social.ServerRole{UserID: boss.ID, Host: "shore.test", Domain: "shore.test", CheckedAt: now}))
		if _, err := s.GetWave(ctx, boss.ID, w.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("seen without the role: %v", err)
		}
	})
}

func TestJoiningAWave(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss := admin(t, s, "boss", "shore.test", social.Admin)
		w := wave(t, s, boss, func(w *social.WaveTerms) { w.Places = 5; w.Joiners = social.NewJoin })
		u, d := newcomer(t, s, 0)
		refused := func(code string, at time.Time, u social.User, d social.Destination, born string) {
			t.Helper()
			_, err := s.JoinWave(ctx, u.ID, d.ID, w.Code, born, at)
			if f, isFault := err.(*fault.Fault); !isFault || f.Code != code {
				t.Errorf("want %s, got %v", code, err)
			}
		}
		refused("wave-new-only", now, u, d, "2020-01-01")
		refused("wave-over", now.AddDate(0, 0, 15), u, d, "2026-11-20")
		if _, err := s.JoinWave(ctx, u.ID, d.ID+99, w.Code, "", now); !fault.Is(err, fault.NotFound) {
			t.Errorf("with somebody else's account: %v", err)
		}
		for i := range 5 {
			u, d := newcomer(t, s, i)
			must(s.JoinWave(ctx, u.ID, d.ID, w.Code, "2026-11-20", now))(t)
			must(s.JoinWave(ctx, u.ID, d.ID, w.Code, "2026-11-20", now))(t) // twice is once
		}
		u6, d6 := newcomer(t, s, 6)
		refused("wave-full", now, u6, d6, "2026-11-20")
		ok(t, s.LeaveWave(ctx, u.ID, w.Code))
		must(s.JoinWave(ctx, u6.ID, d6.ID, w.Code, "2026-11-20", now))(t)
		if in := must(s.Memberships(ctx, u6.ID))(t); len(in) != 1 || in[0].ID != w.ID || in[0].DestinationID != d6.ID {
			t.Errorf("memberships %+v", in)
		}
		ok(t, s.CloseWave(ctx, boss.ID, w.ID, now))
		refused("wave-over", now, u, d, "2026-11-20")
		draft := must(s.CreateWave(ctx, boss.ID, social.Wave{WaveTerms: terms(), Host: "shore.test", Code: "draft", CreatedAt: now}))(t)
		if _, err := s.OpenedWave(ctx, "draft", true); !fault.Is(err, fault.NotFound) {
			t.Errorf("a draft's link works: %v", err)
		}
		ok(t, s.DeleteDraft(ctx, boss.ID, draft.ID))
		if err := s.DeleteDraft(ctx, boss.ID, w.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a started wave was deleted: %v", err)
		}
	})
}

// AUT-16: a call lets a name join, once, and nothing more.
func TestAUT16ApprovedOnce(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss := admin(t, s, "boss", "shore.test", social.Admin)
		w := wave(t, s, boss, func(w *social.WaveTerms) { w.Joiners = social.ApprovedJoin })
		if _, _, err := s.HookSecret(ctx, w.Code); !fault.Is(err, fault.NotFound) {
			t.Errorf("a secret of nothing: %v", err)
		}
		ok(t, s.SaveHook(ctx, boss.ID, w.ID, social.NewSecret("sesame")))
		if _, secret, err := s.HookSecret(ctx, w.Code); err != nil || secret.Reveal() != "sesame" {
			t.Errorf("the secret: %v", err)
		}
		u, d := newcomer(t, s, 1)
		if _, err := s.JoinWave(ctx, u.ID, d.ID, w.Code, "", now); !fault.Is(err, fault.Denied) {
			t.Errorf("joined without approval: %v", err)
		}
		ok(t, s.Approve(ctx, w, "New1", "digest", now))
		if err := s.Approve(ctx, w, "new2", "digest", now); !fault.Is(err, fault.Conflict) {
			t.Errorf("a replay: %v", err)
		}
		must(s.JoinWave(ctx, u.ID, d.ID, w.Code, "", now))(t)
		u2, d2 := newcomer(t, s, 2)
		if _, err := s.JoinWave(ctx, u2.ID, d2.ID, w.Code, "", now); !fault.Is(err, fault.Denied) {
			t.Errorf("a replay let somebody in: %v", err)
		}
	})
}

// REG-08: who did not agree is in nobody's plan, and whoever takes it back is
// in none any more.
func TestREG08StartersAgree(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss := admin(t, s, "boss", "shore.test", social.Admin)
		w := wave(t, s, boss, nil)
		star, their := newcomer(t, s, 50)
		for i, name := range []string{their.Handle.String(), "silent@far.test"} {
			ok(t, s.AddStarter(ctx, boss.ID, social.Starter{WaveID: w.ID, Code: fmt.Sprint("ask", i), Handle: hd(t, name), AskedAt: now}))
		}
		all := must(s.ListStarters(ctx, boss.ID, w.ID))(t)
		u, d := newcomer(t, s, 1)
		if _, err := s.Suggestions(ctx, u.ID, w.Code); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody outside sees them: %v", err)
		}
		must(s.JoinWave(ctx, u.ID, d.ID, w.Code, "", now))(t)
		planned := func() int {
			return must(s.FollowCounts(ctx, u.ID, d.ID))(t).Waiting
		}
		nobody := func(when string) {
			t.Helper()
			if got := must(s.Suggestions(ctx, u.ID, w.Code))(t); len(got) != 0 {
				t.Errorf("%s: %+v", when, got)
			}
			if _, err := s.PickStarters(ctx, u.ID, w.Code, []int64{all[0].ID}, now); !fault.Is(err, fault.NotFound) || planned() != 0 {
				t.Errorf("%s: %v, %d planned", when, err, planned())
			}
		}
		nobody("before they were asked")
		if err := s.AnswerStarter(ctx, boss.ID, "ask0", social.StarterYes, now); !fault.Is(err, fault.Denied) {
			t.Errorf("the admin agreed for them: %v", err)
		}
		if err := s.AnswerStarter(ctx, u.ID, "ask0", social.StarterYes, now); !fault.Is(err, fault.Denied) {
			t.Errorf("a newcomer agreed for them: %v", err)
		}
		nobody("after others answered")
		ok(t, s.AnswerStarter(ctx, star.ID, "ask0", social.StarterYes, now))
		if planned() != 0 {
			t.Error("followed without a yes of the newcomer")
		}
		if _, err := s.PickStarters(ctx, u.ID, w.Code, []int64{all[0].ID, all[1].ID}, now); !fault.Is(err, fault.NotFound) || planned() != 0 {
			t.Errorf("one that did not agree, among others: %v", err)
		}
		if n := must(s.PickStarters(ctx, u.ID, w.Code, []int64{all[0].ID}, now))(t); n != 1 || planned() != 1 {
			t.Errorf("%d planned, %d wait", n, planned())
		}
		ok(t, s.AnswerStarter(ctx, star.ID, "ask0", social.StarterNo, now))
		nobody("after the no")
		ok(t, s.AnswerStarter(ctx, star.ID, "ask0", social.StarterYes, now))
		must(s.PickStarters(ctx, u.ID, w.Code, []int64{all[0].ID}, now))(t)
		ok(t, s.RemoveStarter(ctx, boss.ID, w.ID, all[0].ID, now))
		if planned() != 0 {
			t.Error("removed, and still planned")
		}
	})
}

// REG-09: a Wave of four tells no number, and what is told changes by fives.
func TestREG09SmallWavesTellNothing(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss := admin(t, s, "boss", "shore.test", social.Admin)
		w := wave(t, s, boss, nil)
		for i := range 11 {
			u, d := newcomer(t, s, i)
			must(s.JoinWave(ctx, u.ID, d.ID, w.Code, "", now))(t)
			c := must(s.CountWave(ctx, boss.ID, w.ID))(t)
			n, shown := c.Joined.Shown()
			if want := (i + 1) / 5 * 5; n != want || shown != (want > 0) {
				t.Errorf("with %d: %d, %v", i+1, n, shown)
			}
			if _, shown := c.Followed.Shown(); shown {
				t.Error("follows of nobody")
			}
		}
		if _, shown := (store.Count{N: 400, People: 4}).Shown(); shown {
			t.Error("what four people did was shown")
		}
		ok(t, s.CountWaves(ctx, now.Add(time.Hour)))
		ok(t, s.CountWaves(ctx, now.Add(time.Hour+10*time.Minute)))
		at := must(s.ListWaveCounts(ctx, boss.ID, w.ID))(t)
		if len(at) != 1 || at[0].Joined.N != 11 {
			t.Errorf("%+v", at)
		}
		must(s.Sweep(ctx, now.AddDate(0, 4, 0)))(t)
		if _, err := s.GetWave(ctx, boss.ID, w.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a wave outlived its days: %v", err)
		}
	})
}

func TestPoliciesAndWishes(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		boss := admin(t, s, "boss", "shore.test", social.Admin)
		if p := must(s.MirrorPolicy(ctx, "shore.test"))(t); p.Choice != social.MirrorUnsaid || !p.Allows() {
			t.Errorf("%+v", p)
		}
		ok(t, s.SavePolicy(ctx, boss.ID, social.MirrorPolicy{Host: "shore.test", Choice: social.MirrorDaily, Daily: 20, ChangedAt: now}))
		if p := must(s.PublishedPolicy(ctx, "shore.test"))(t); p.Left(5) != 15 || p.Widest() != social.VisibleUnlisted || p.Domain != "shore.test" {
			t.Errorf("%+v", p)
		}
		if _, err := s.PublishedPolicy(ctx, "other.test"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		alone := func() bool { return must(s.GetHome(ctx, "shore.test"))(t).Alone }
		wish := func(on bool) { ok(t, s.SaveServerWishes(ctx, boss.ID, social.Home{Host: "shore.test", Alone: on})) }
		ok(t, s.SaveWishes(ctx, social.Home{Host: "shore.test", Cap: 50}))
		wish(true)
		if !alone() {
			t.Error("the admin's wish does not count")
		}
		wish(false)
		if alone() {
			t.Error("the admin cannot end it")
		}
		ok(t, s.SaveWishes(ctx, social.Home{Host: "shore.test", Cap: 50, Alone: true}))
		wish(true)
		wish(false)
		if h := must(s.GetHome(ctx, "shore.test"))(t); !h.Alone || h.Cap != 50 {
			t.Errorf("the admin ended the operator's wish: %+v", h)
		}
		ok(t, s.SaveGivenBlocks(ctx, boss.ID, "shore.test", []string{social.DomainDigest("bad.test")}, now))
		blocked := must(s.Blocked(ctx, "shore.test", []string{"sub.bad.test", "good.test"}))(t)
		if !blocked["sub.bad.test"] || blocked["good.test"] {
			t.Errorf("%v", blocked)
		}
	})
}
