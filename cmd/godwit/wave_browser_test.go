package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// TestWavePages walks an admin's journey in a real browser: from the question
// whether they are one to a wave that is half settled, and the newcomer's to it.
func TestWavePages(t *testing.T) {
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("harbour.test", social.Mastodon, feditest.OpenRegistrations())
	home.AddAccount("keeper", feditest.Role("Owner", 1))
	home.AddAccount("newcomer")
	world.AddHost("quay.test", social.Mastodon).AddAccount("pilot")
	p := newProgram(t, world)
	p.must(home.Token("keeper").Reveal()+"\n", "login", "--token-stdin", "@keeper@harbour.test")
	b := newBrowser(t)
	b.do("open", chromedp.Navigate(p.serve()))
	origin := strings.TrimSuffix(origin(b), "/")
	b.do("waves", chromedp.Navigate(origin+"/waves"))
	b.press(`form[action="/waves/role"] button`)
	b.shot("waves-admin")
	b.press(`a[href^="/waves/new"]`)
	b.press(`form[action="/waves/new"] .acts button`)
	b.shot("wave-form-wrong")
	b.do("fill", chromedp.SetValue("#name", "Bird people, December"),
		chromedp.SetValue("#welcome", "Good to have you here. Tie up, have a cup of tea, and bring your people."))
	b.press(`form[action="/waves/new"] .acts button`)
	b.shot("wave-check")
	wave := strings.TrimPrefix(b.at(), origin)
	b.press(`form[action$="/start"] button`)
	b.shot("wave-share")
	link := b.value("#link")
	b.do("hand-out", chromedp.Navigate(origin+wave+"/handout?lang=zh-Hans"))
	b.shot("wave-handout-zh")
	b.do("suggest", chromedp.Navigate(origin+wave+"/starters"), chromedp.SetValue("#handle", "@pilot@quay.test"))
	b.press(`form[action$="/starters"] button`)
	b.shot("wave-starters")
	b.do("policy", chromedp.Navigate(origin+wave+"/policy"), chromedp.Click(`#choice-quiet`))
	b.press(`button[value="policy"]`)
	b.do("list", chromedp.SetValue("#text", "#domain,#severity\nbad.test,suspend\nloud.test,silence\n"))
	b.press(`form[action$="/blocks"] button`)
	b.shot("wave-policy")
	if said := b.text(".banner"); !strings.Contains(said, "1 domain is on the list of harbour.test now.") {
		t.Errorf("the block list: %q", said)
	}
	b.do("public", chromedp.Navigate(origin+"/policy/harbour.test"))
	b.shot("policy-public")
	b.do("caps", chromedp.Navigate(origin+wave+"/caps"))
	b.shot("wave-caps")
	b.do("calls", chromedp.Navigate(origin+wave+"/calls"))
	b.shot("wave-calls")
	b.do("empty", chromedp.Navigate(origin+wave))
	b.shot("wave-empty")
	b.do("link", chromedp.Navigate(link))
	b.shot("join")
	b.press(`form[action^="/w/"] .button`)
	b.shot("joined")
	settle(t, p, strings.TrimPrefix(wave, "/waves/"))
	b.do("dashboard", chromedp.Navigate(origin+wave))
	b.shot("wave-dashboard")
	for _, said := range []string{"205", "under 5"} {
		if !strings.Contains(b.text("main"), said) {
			t.Errorf("the dashboard lacks %q: %s", said, b.text("main"))
		}
	}
	b.set("/language", "zh-Hans")
	b.shot("wave-dashboard-zh")
	b.set("/scheme", "dark")
	b.shot("wave-dashboard-dark-zh")
	b.do("check", chromedp.Navigate(origin+"/waves"))
	b.shot("waves-zh")
	b.do("new", chromedp.Navigate(origin+wave+"/edit"))
	b.shot("wave-edit-zh")
	b.set("/scheme", "light")
	b.set("/language", "en")
	b.do("steer", chromedp.Navigate(origin+wave))
	b.press(`button[value="pause"]`)
	b.shot("wave-paused")
	b.press(`button[value="resume"]`)
	b.press(`a[href$="/close"]`)
	b.shot("wave-close")
	b.press(`form[action$="/close"] button`)
	b.shot("wave-closed")
	b.done()
}

// value is what a field holds.
func (b *browser) value(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Value(selector))
	if err != nil {
		b.fail("value of "+selector, err)
	}
	return text
}

// settle writes 206 members, what became of their follows, and where the wave
// stood for a day and a half, straight into the rows: a crowd would take a
// crowd's time. Of eight whom others refused three are one person's.
func settle(t *testing.T, p *program, wave string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data(), "godwit.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const people = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 205) `
	for _, text := range []string{
		people + `INSERT INTO users (host, remote_id, handle, actor_id, locale, created_at) SELECT 'harbour.test', 'n' || i, 'n' || i || '@harbour.test', '', '', 1 FROM n`,
		`INSERT INTO destinations (user_id, host, remote_id, handle, actor_id, flavour, software, scopes, state, follow_state, following, created_at, token)
			SELECT id, host, remote_id, handle, '', 'mastodon', '', '', 'active', 'paused', 0, 1, x'' FROM users WHERE remote_id LIKE 'n%'`,
		`INSERT INTO wave_members (destination_id, wave_id, user_id, joined_at) SELECT id, ` + wave + `, user_id, 1 FROM destinations WHERE remote_id LIKE 'n%'`,
		`INSERT INTO sources (user_id, kind, state, name, digest, spool, keep, bytes, owner, counts, warnings, skipped, fault_code, fault_args, fault_say, exported_at, created_at, read_at, seconds)
			SELECT id, 'x-archive', 'done', 'x', 'd' || id, '', false, 0, '', '', '', 0, '', '', '', 0, 1, 1, 0 FROM users WHERE remote_id LIKE 'n%' AND id % 10 <> 0`,
		`WITH RECURSIVE k(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < 40) INSERT INTO follow_jobs (user_id, destination_id, match_id, handle, handle_key, domain, actor_id, rank, state,
			outcome, reason, new_handle, remote_id, locked, attempts, empty, checks, due_at, asked_at, updated_at)
			SELECT d.user_id, d.id, 1, 'f' || j || '@far.test', 'f' || j || '@far.test', 'far.test', '', 0,
				CASE WHEN d.id % 3 = 0 AND j > 25 THEN 'planned' ELSE 'done' END, CASE WHEN d.id % 3 = 0 AND j > 25 THEN '' WHEN j % 9 = 0 THEN 'requested' WHEN d.id < 5 AND j = 1 THEN 'refused' ELSE 'followed' END,
				'', '', '1', false, 0, 0, 0, 0, 1, 1 FROM destinations AS d, k WHERE d.remote_id LIKE 'n%' AND d.id % 8 <> 0`,
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	now := time.Now().UTC().Truncate(time.Hour)
	for h := range 36 {
		n := 206 * (h + 1) * (72 - h) / (37 * 36)
		at := store.WaveCounts{Joined: store.Count{N: n, People: n}, Settled: store.Count{N: n * h / 60, People: n * h / 60}}
		text, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO wave_counts (wave_id, at, counts) VALUES ($1, $2, $3)
			ON CONFLICT (wave_id, at) DO UPDATE SET counts = excluded.counts`, wave, now.Add(time.Duration(h-36)*time.Hour).UnixMicro(), string(text)); err != nil {
			t.Fatal(err)
		}
	}
}

// data is the program's data directory.
func (p *program) data() string {
	p.t.Helper()
	for _, pair := range p.env {
		if dir, found := strings.CutPrefix(pair, "GODWIT_DATA_DIR="); found {
			return dir
		}
	}
	p.t.Fatal("the program has no data directory")
	return ""
}
