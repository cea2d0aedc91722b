package worker

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// living is a rig with a live Mirror of a feed.
type living struct {
	*mirroring
	site    *feditest.Site
	entries []feditest.Entry // newest first
}

const feedPath = "/feed.xml"

func newLiving(t *testing.T, change func(*social.Live)) *living {
	t.Helper()
	r := newRig(t)
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	k := &living{mirroring: &mirroring{rig: r, home: home}, site: r.world.AddSite("blog.test")}
	k.d = r.follower(home, "me")
	for i := range 20 {
		k.write(fmt.Sprintf("old%d", i), start.Add(time.Duration(i-100)*time.Hour))
	}
	k.live(social.Live{Kind: social.LiveFeed, Network: social.Web, Host: "blog.test", Address: "https://blog.test" + feedPath, Name: "Blog"}, social.Secret{}, change)
	return k
}

// live makes the live Mirror and starts it.
func (k *living) live(l social.Live, token social.Secret, change func(*social.Live)) {
	k.t.Helper()
	l.UserID = k.user.ID
	if change != nil {
		change(&l)
	}
	var err error
	k.m, err = k.store.SaveLive(k.t.Context(), k.d.ID, l, token, bridge.LiveRules("en"), k.clock.Now())
	k.ok(err)
	k.pass(time.Minute)
	if k.reload(); k.m.PlannedAt.IsZero() {
		k.t.Fatalf("not planned: %+v", k.m)
	}
	k.begin()
	k.pass(time.Minute)
}

// write publishes an entry.
func (k *living) write(id string, at time.Time) {
	k.entries = slices.Insert(k.entries, 0, feditest.Entry{ID: id, Title: "On " + id, Link: "https://blog.test/" + id, HTML: "<p>About <b>waders</b> " + id + "</p>", At: at})
	k.publish()
}

func (k *living) publish() {
	k.site.Put(feedPath, feditest.RSS("Blog", k.entries[:min(len(k.entries), 30)]))
}

// said are the texts that stand, oldest first.
func (k *living) said() (all []string) {
	for _, st := range k.world.Statuses("me@home.test") {
		if !st.Deleted {
			all = append(all, st.Text)
		}
	}
	return all
}

func (k *living) looked() social.Live {
	k.t.Helper()
	l, err := k.store.GetLive(k.t.Context(), k.user.ID, k.m.ID)
	k.ok(err)
	return l
}

// pass lets so much time go by.
func (k *living) pass(d time.Duration) { k.passWith(d, k.Handle) }

func (k *living) passWith(d time.Duration, handle func(social.Task) error) {
	end := k.clock.Now().Add(d)
	k.driveWith(d, handle)
	k.clock.Advance(max(end.Sub(k.clock.Now()), 0))
}

func TestLiveFeed(t *testing.T) {
	k := newLiving(t, nil)
	k.pass(3 * time.Hour)
	if all := k.said(); len(all) != 0 {
		t.Fatalf("the past was carried over: %q", all)
	}
	k.write("new1", k.clock.Now())
	k.write("new2", time.Time{}) // without a date
	k.pass(4 * time.Hour)
	want := []string{"On new1\n\nAbout waders new1\n\nhttps://blog.test/new1", "On new2\n\nAbout waders new2\n\nhttps://blog.test/new2"}
	all := k.said()
	slices.Sort(all)
	if !slices.Equal(all, want) {
		t.Errorf("said %q", all)
	}
	for _, st := range k.standing() {
		if st.Visibility != "unlisted" {
			t.Errorf("visible as %s", st.Visibility)
		}
	}
	same := 0
	for _, req := range k.world.Log() {
		if req.Host == "blog.test" && req.Status == http.StatusNotModified {
			same++
		}
	}
	if same < 3 {
		t.Errorf("%d answers 304", same)
	}
	n, err := k.store.UndoMirror(t.Context(), k.user.ID, k.m.ID, k.clock.Now())
	if k.ok(err); n != 2 {
		t.Errorf("%d to be undone", n)
	}
	k.pass(month)
	if left := k.said(); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// What is deleted before its delay is over is never sent, and what is changed by
// then is sent as it is then.
func TestLiveDelay(t *testing.T) {
	k := newLiving(t, func(l *social.Live) { l.Delay = 2 * time.Hour })
	k.write("keep", k.clock.Now())
	k.write("regret", k.clock.Now())
	k.pass(time.Hour)
	if all := k.said(); len(all) != 0 {
		t.Fatalf("at once: %q", all)
	}
	k.entries = k.entries[1:]
	k.entries[0].Title = "On second thought"
	k.publish()
	k.pass(6 * time.Hour)
	if all := k.said(); len(all) != 1 || !strings.HasPrefix(all[0], "On second thought") {
		t.Errorf("said %q", all)
	}
	if k.entries[0].Title = "On third thought"; true {
		k.publish()
	}
	k.pass(6 * time.Hour)
	changes, err := k.store.LiveChanges(t.Context(), k.user.ID, k.m.ID, 10)
	if k.ok(err); len(changes) != 1 || changes[0].PostID != "keep" || !strings.Contains(changes[0].Fresh.Text, "third") {
		t.Errorf("changes %+v", changes)
	}
	if all := k.said(); len(all) != 1 {
		t.Errorf("said again: %q", all)
	}
}

// ENG-11: a feed that appears again with hundreds of new entries has the first
// ten planned, and a person is asked.
func TestENG11LiveFlood(t *testing.T) {
	for _, accept := range []bool{false, true} {
		k := newLiving(t, nil)
		for i := range 25 {
			k.write(fmt.Sprintf("flood%02d", i), k.clock.Now().Add(time.Duration(i)*time.Second))
		}
		k.pass(5 * time.Hour)
		if k.reload(); k.m.State != social.MirrorPaused || k.m.FaultCode != "live-flood" || k.m.FaultArgs["held"] != "15" {
			t.Fatalf("%s, %s %v", k.m.State, k.m.FaultCode, k.m.FaultArgs)
		}
		want := 10
		if accept {
			want = 25
			k.ok(k.store.AcceptHeld(t.Context(), k.user.ID, k.m.ID, k.clock.Now()))
		}
		k.begin()
		k.pass(24 * time.Hour)
		if all := k.said(); len(all) != want {
			t.Errorf("%d carried over, want %d", len(all), want)
		}
	}
}

// What is posted while the Mirror is paused stays where it is.
func TestLivePause(t *testing.T) {
	k := newLiving(t, nil)
	k.write("a", k.clock.Now())
	k.pass(3 * time.Hour)
	k.ok(k.store.PauseMirror(t.Context(), k.user.ID, k.m.ID))
	k.write("b", k.clock.Now().Add(time.Minute))
	k.write("undated", time.Time{})
	k.world.Reset()
	k.pass(24 * time.Hour)
	for _, req := range k.world.Log() {
		if req.Host == "blog.test" {
			t.Fatal("looked while paused")
		}
	}
	k.clock.Advance(time.Hour)
	k.begin()
	k.pass(time.Hour)
	k.write("c", k.clock.Now())
	k.pass(6 * time.Hour)
	if all := k.said(); len(all) != 2 || !strings.Contains(all[0], "On a") || !strings.Contains(all[1], "On c") {
		t.Errorf("said %q; %s %s, %+v", all, k.m.State, k.m.FaultCode, k.looked())
	}
}

func TestLiveStopsByHand(t *testing.T) {
	k := newLiving(t, func(l *social.Live) { l.ByHand = true })
	k.write("a", k.clock.Now())
	k.pass(3 * time.Hour)
	if all := k.said(); len(all) != 1 {
		t.Fatalf("said %q", all)
	}
	k.clock.Advance(time.Minute)
	posting := k.door.Home("home.test", k.home.Token("me"), social.Mastodon, nil).Posting(nil)
	_, err := posting.Post(t.Context(), social.Outgoing{Draft: social.Draft{Text: "Hello from here", Visibility: social.VisiblePublic}, Key: "hand"})
	k.ok(err)
	k.write("b", k.clock.Now())
	k.pass(3 * time.Hour)
	if k.reload(); k.m.FaultCode != "live-by-hand" || k.m.State != social.MirrorPaused || len(k.said()) != 2 {
		t.Errorf("%s %s, said %q", k.m.State, k.m.FaultCode, k.said())
	}
}

// Each Post once, whatever crashes between the look and the row, and between the
// row and the status: steps lose their claims or their database at random.
func TestLiveExactlyOnce(t *testing.T) {
	for seed := range uint64(6) {
		k := newLiving(t, nil)
		dice := rand.New(rand.NewPCG(seed, 1))
		n := 0
		for range 12 {
			for range dice.IntN(3) {
				k.write(fmt.Sprintf("post%d", n), k.clock.Now())
				n++
			}
			k.passWith(30*time.Minute, func(task social.Task) error {
				if dice.IntN(4) > 0 {
					return k.Handle(task)
				}
				// Another process takes the claim, does the step and dies before it says so.
				w := k.process(k.store)
				claimed, _, err := k.store.Claim(t.Context(), task.Kind, task.ID, k.clock.Now(), lease)
				if err != nil {
					return err
				}
				do, _ := w.steps(task.Kind)
				_, _ = do(t.Context(), claimed, 1)
				k.clock.Advance(lease + time.Second)
				return nil
			})
		}
		k.pass(24 * time.Hour)
		if all := k.said(); len(all) != n || len(slices.Compact(slices.Sorted(slices.Values(all)))) != n {
			k.reload()
			t.Errorf("seed %d: %d posts became %q; %s %s, %+v", seed, n, all, k.m.State, k.m.FaultCode, k.looked())
		}
	}
}

// Feeds that would harm are refused, and the looks grow rarer.
func TestNET14HostileFeeds(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]><rss version="2.0"><channel><title>&lol2;</title></channel></rss>`
	for name, page := range map[string]feditest.Page{
		"billion laughs": {Type: "text/xml", Body: laughs},
		"deep":           {Type: "text/xml", Body: `<rss version="2.0"><channel>` + strings.Repeat("<x:a xmlns:x='urn:x'>", 20_000)},
		"huge":           {Type: "text/xml", Body: `<rss version="2.0"><channel><title>` + strings.Repeat("x", 5<<20)},
		"no feed":        {Type: "text/html", Body: "<html><body>hello"},
		"moved inside":   {Status: http.StatusFound, Header: http.Header{"Location": {"https://10.0.0.1/feed"}}},
		"moved to file":  {Status: http.StatusFound, Header: http.Header{"Location": {"file:///etc/passwd"}}},
		"away":           {Status: http.StatusNotFound},
		"trouble":        {Status: http.StatusInternalServerError},
	} {
		k := newLiving(t, nil)
		k.site.Put(feedPath, page)
		k.world.Reset()
		k.pass(48 * time.Hour)
		looks := 0
		for _, req := range k.world.Log() {
			if req.Host == "blog.test" {
				looks++
			}
		}
		k.reload()
		l := k.looked()
		if l.FaultSay == "" || l.Failures == 0 || len(k.said()) != 0 || looks > 14 {
			t.Errorf("%s: %d looks, %d failures, %q, said %q", name, looks, l.Failures, l.FaultSay, k.said())
		}
		if paused := k.m.State == social.MirrorPaused; paused != (strings.HasPrefix(name, "moved")) {
			t.Errorf("%s: the Mirror is %s (%s)", name, k.m.State, k.m.FaultCode)
		}
	}
}

// One request at a time to a host, and not within a second of the last, for
// however many Mirrors.
func TestLivePace(t *testing.T) {
	k := newLiving(t, nil)
	for i := range 4 {
		l := social.Live{UserID: k.user.ID, Kind: social.LiveFeed, Network: social.Web, Host: "blog.test", Address: fmt.Sprintf("https://blog.test%s?%d", feedPath, i), Name: "Blog"}
		m, err := k.store.SaveLive(t.Context(), k.d.ID, l, social.Secret{}, bridge.LiveRules("en"), k.clock.Now())
		k.ok(err)
		k.pass(time.Second)
		k.ok(k.store.StartMirror(t.Context(), k.user.ID, m.ID, k.clock.Now()))
	}
	l := social.Live{UserID: k.user.ID, Kind: social.LiveFeed, Network: social.Web, Host: "blog.test", Address: "https://blog.test/one-more"}
	if _, err := k.store.SaveLive(t.Context(), k.d.ID, l, social.Secret{}, bridge.LiveRules("en"), k.clock.Now()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a sixth: %v", err)
	}
	k.world.Reset()
	k.pass(6 * time.Hour)
	last := time.Time{}
	for _, req := range k.world.Log() {
		if req.Host != "blog.test" {
			continue
		}
		if req.InFlight > 1 || req.At.Sub(last) < time.Second {
			t.Errorf("asked at %s, %s after the last", req.At, req.At.Sub(last))
		}
		last = req.At
	}
	if last.IsZero() {
		t.Error("nobody looked")
	}
}
