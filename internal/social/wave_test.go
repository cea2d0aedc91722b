package social

import (
	"testing"
	"time"

	"godwit/internal/fault"
)

func TestRankOf(t *testing.T) {
	for permissions, want := range map[uint64]Rank{
		0: NoRank, 65536: NoRank, // everybody on Mastodon may invite
		1: Admin, 546033: Admin, // GoToSocial's admin
		1 << 6: NoRank, 1<<6 | 1<<5: Admin, 1 << 3: Moderator, 1<<4 | 1<<10: Moderator, 1 << 5: NoRank,
	} {
		if got := RankOf(permissions); got != want {
			t.Errorf("%d: %q, want %q", permissions, got, want)
		}
	}
}

func TestInviteCode(t *testing.T) {
	for address, want := range map[string]string{
		"https://shore.test/invite/AbC_1-9":         "AbC_1-9",
		"http://shore.test/invite/AbC":              "",
		"https://shore.test.evil.test/invite/AbC":   "",
		"https://shore.test@evil.test/invite/AbC":   "",
		"https://shore.test/invite/":                "",
		"https://shore.test/invite/a/b":             "",
		"https://shore.test/invite/a?x=1":           "",
		"javascript:alert(1)//shore.test/invite/AB": "",
	} {
		if got := InviteCode(address, "shore.test"); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestWaveTerms(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	good := WaveTerms{Name: "Birds", Entry: OpenEntry, Joiners: AllJoin, Expects: 200, EndsAt: now.AddDate(0, 0, 14), CapAll: 600, CapOne: 60}
	if err := good.Check("shore.test", now); err != nil {
		t.Fatal(err)
	}
	if days := good.Settled(150); days != 3 { // 30,000 at 600 an hour
		t.Errorf("settled in %d days", days)
	}
	for code, spoil := range map[string]func(*WaveTerms){
		"bad-wave-name":    func(w *WaveTerms) { w.Name = "" },
		"bad-wave-welcome": func(w *WaveTerms) { w.Welcome = string(make([]rune, 501)) },
		"bad-wave-entry":   func(w *WaveTerms) { w.Entry = "x" },
		"bad-wave-invite":  func(w *WaveTerms) { w.Entry = InviteEntry },
		"bad-wave-joiners": func(w *WaveTerms) { w.Joiners = "" },
		"bad-wave-places":  func(w *WaveTerms) { w.Places = 4 },
		"bad-wave-ends":    func(w *WaveTerms) { w.EndsAt = now },
		"bad-wave-expects": func(w *WaveTerms) { w.Expects = 0 },
		"bad-wave-caps":    func(w *WaveTerms) { w.CapOne = 601 },
	} {
		w := good
		spoil(&w)
		f, ok := w.Check("shore.test", now).(*fault.Fault)
		if !ok || f.Code != code {
			t.Errorf("want %s, got %v", code, f)
		}
	}
}

func TestWaveTakesByAge(t *testing.T) {
	w := Wave{CreatedAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), WaveTerms: WaveTerms{Joiners: NewJoin}}
	for born, want := range map[string]bool{"2026-11-19": true, "2026-11-20": true, "2026-12-01": true, "2026-11-18": false, "": false, "soon": false} {
		if w.Takes(born) != want {
			t.Errorf("born %q: %v", born, !want)
		}
	}
	if w.Joiners = AllJoin; !w.Takes("") {
		t.Error("everybody may join, of any age")
	}
}

func TestMirrorPolicy(t *testing.T) {
	daily := MirrorPolicy{Choice: MirrorDaily, Daily: 10}
	if daily.Left(3) != 7 || daily.Left(12) != 0 || (MirrorPolicy{}).Left(99) != -1 || (MirrorPolicy{Choice: MirrorNo}).Left(0) != 0 {
		t.Error("what is left of a day")
	}
	if !VisiblePublic.WiderThan(daily.Widest()) || VisibleUnlisted.WiderThan(daily.Widest()) || VisiblePublic.WiderThan(MirrorPolicy{}.Widest()) {
		t.Error("the widest")
	}
	if daily.Check() != nil || (MirrorPolicy{Choice: MirrorDaily}).Check() == nil || (MirrorPolicy{}).Check() == nil {
		t.Error("checks")
	}
}
