package worker

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// flight is a large simulated fediverse and whom somebody follows in it.
type flight struct {
	*rig
	people []importertest.Person
	want   map[string]place // by X id
	split  map[string]bool  // domains of handles whose server is elsewhere
	dead   []*feditest.Host
}

// nestHost is where people moved to; domainDay is the share of a domain: look-ups
// in a UTC day.
const (
	nestHost  = "nest.example"
	domainDay = 2000
)

// place is where one of the people is to be found.
type place struct {
	asked, handle, actor string
	dead                 bool
}

// newFlight makes hosts of ten accounts each: 10% dead, 5% slow, 12% with
// handles under another domain; 4% of the accounts moved to a healthy host.
func newFlight(t *testing.T, hosts int) *flight {
	f := &flight{rig: newRig(t), want: map[string]place{}, split: map[string]bool{}}
	nest := f.world.AddHost(nestHost, social.Mastodon)
	for h := range hosts {
		name := fmt.Sprintf("flock%d.test", h)
		var options []feditest.HostOption
		if h%25 == 3 || h%25 == 8 || h%25 == 13 {
			f.split[name] = true
			options, name = append(options, feditest.SplitDomain(name)), "social."+name
		}
		host := f.world.AddHost(name, []social.Flavour{social.Mastodon, social.GoToSocial}[h%2], options...)
		if h%20 == 1 {
			host.Fault(feditest.Slow(3 * time.Millisecond))
		}
		dead := h%10 == 0
		if dead {
			f.dead = append(f.dead, host)
		}
		for i := range 10 {
			f.settle(host, nest, fmt.Sprintf("bird%d", i), dead, h%10 == 2 && i < 4)
		}
	}
	for _, host := range f.dead {
		host.Fault(feditest.Dead())
	}
	return f
}

// settle makes one account and the person on X who claims it.
func (f *flight) settle(host, nest *feditest.Host, user string, dead, moved bool) {
	if moved {
		to := nest.AddAccount(fmt.Sprint("new", len(f.people)), feditest.AlsoKnownAs(user+"@"+host.Domain()))
		a := host.AddAccount(user, feditest.MovedTo(to.Handle()))
		f.claim(place{asked: a.Handle(), handle: to.Handle(), actor: to.ActorID()})
		return
	}
	a := host.AddAccount(user)
	f.claim(place{asked: a.Handle(), handle: a.Handle(), actor: a.ActorID(), dead: dead})
}

// join is a further User.
func (f *flight) join(id string) social.User {
	f.t.Helper()
	u, err := f.store.SaveUser(f.t.Context(), social.User{Host: "elsewhere.test", RemoteID: social.RemoteID(id), CreatedAt: f.clock.Now()})
	f.ok(err)
	return u
}

// giveAs gives the export of a User who follows everybody.
func (f *flight) giveAs(u social.User) {
	f.t.Helper()
	f.user = u
	f.give(fmt.Sprint(u.ID, listName), f.list(f.people))
}

func (f *flight) claim(p place) {
	person := follows(len(f.people), "now at @"+p.asked)
	f.people = append(f.people, person)
	f.want[person.ID] = p
}

// driveTogether is drive with many workers at once.
func (f *flight) driveTogether(limit time.Duration) {
	f.t.Helper()
	const workers = 8
	end := f.clock.Now().Add(limit)
	for range patience {
		due, next, err := f.store.DueTasks(f.t.Context(), f.clock.Now(), 100)
		f.ok(err)
		if len(due) == 0 {
			if next.IsZero() || next.After(end) {
				return
			}
			f.clock.Advance(next.Sub(f.clock.Now()))
			continue
		}
		var wg sync.WaitGroup
		turns := make(chan struct{}, workers)
		for _, task := range due {
			turns <- struct{}{}
			wg.Go(func() {
				defer func() { <-turns }()
				if err := f.Handle(task); err != nil && !fault.Is(err, fault.Conflict) {
					f.t.Errorf("%s: %v", task, err)
				}
			})
		}
		wg.Wait()
	}
	f.t.Fatal("there is always something due")
}

// check compares every Match of a User with where the person really is.
func (f *flight) check(user social.User, deadToo bool) {
	f.t.Helper()
	found, wrong := 0, 0
	for offset := 0; ; offset += 200 {
		page, total, err := f.store.ListMatches(f.t.Context(), user.ID, store.MatchFilter{Offset: offset, Limit: 200})
		f.ok(err)
		for _, m := range page {
			want := f.want[m.Account.NativeID]
			if m.Handle.IsZero() {
				continue
			}
			found++
			if m.Handle.String() != want.handle || m.ActorID != want.actor || m.Conflict || want.dead && !deadToo {
				if wrong++; wrong < 10 {
					f.t.Errorf("%s is %s %s, want %+v", m.Account.Username, m.Handle, m.ActorID, want)
				}
			}
		}
		if offset+200 >= total {
			break
		}
	}
	expected := 0
	for _, p := range f.want {
		if !p.dead || deadToo {
			expected++
		}
	}
	if found != expected || wrong > 0 {
		f.t.Errorf("%d found, %d of them wrong; want %d", found, wrong, expected)
	}
}

// asked counts the WebFinger requests for each handle, and checks the manners:
// one request at a time, look-ups a second apart.
func (f *flight) asked() map[string]int {
	f.t.Helper()
	counts := map[string]int{}
	last, days := map[string]time.Time{}, map[string]int{}
	for _, q := range f.world.Log() {
		if q.InFlight > 1 {
			f.t.Errorf("%s saw %d requests at once", q.Host, q.InFlight)
		}
		if q.Path != "/.well-known/webfinger" {
			continue
		}
		handle := handleAsked(f.t, q)
		counts[handle]++
		if isSplit(q.Host) && counts[handle]%2 == 0 {
			continue // the handle's domain sent the request on to its server
		}
		if days[q.Host]++; days[q.Host] > domainDay {
			f.t.Errorf("%s was asked more than %d times in a day", q.Host, domainDay)
		}
		if q.Host == nestHost { // where people moved: asked within the look-ups of others, and paced by the door
			continue
		}
		if gap := q.At.Sub(last[q.Host]); gap < time.Second {
			f.t.Errorf("%s was asked again after %s", q.Host, gap)
		}
		last[q.Host] = q.At
	}
	for handle, n := range counts {
		if _, domain, _ := strings.Cut(handle, "@"); f.split[domain] {
			counts[handle] = (n + 1) / 2
		}
	}
	return counts
}

func handleAsked(t *testing.T, q feditest.Request) string {
	t.Helper()
	values, err := url.ParseQuery(q.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(values.Get("resource"), "acct:")
}

// isSplit reports whether a server's handles lie under another domain.
func isSplit(host string) bool { return strings.HasPrefix(host, "social.") }

// TestNET04Scale: three people at once follow thousands who live on many servers,
// some of them dead, slow, split or left. All are matched rightly; no server sees
// two requests at once, two look-ups within a second, or more than its share of a
// day; each handle is asked about once for all of them, those that people moved
// to as well, and not at all for whoever comes later; who lived on dead servers is
// found when those are back. GODWIT_SOAK=1 takes 10,000 people on 1,000 servers.
func TestNET04Scale(t *testing.T) {
	hosts := 100
	if soak() {
		hosts = 1000
	}
	f := newFlight(t, hosts)
	first := f.user
	users := []social.User{first, f.join("1"), f.join("2")}
	for _, u := range users {
		f.giveAs(u)
	}
	f.driveTogether(10 * time.Minute)
	for _, u := range users {
		f.check(u, false)
	}
	once := f.asked()
	for _, p := range f.want {
		if p.dead {
			continue
		}
		for _, handle := range []string{p.asked, p.handle} {
			if n := once[handle]; n != 1 {
				t.Errorf("%s was asked about %d times", handle, n)
			}
		}
	}

	f.world.Reset()
	late := f.join("3")
	f.giveAs(late)
	f.driveTogether(10 * time.Minute)
	f.check(late, false)
	if again := f.asked(); len(again) > 0 {
		t.Errorf("%d handles were asked about again for another User", len(again))
	}
	f.world.Reset()
	for _, host := range f.dead {
		host.Heal()
	}
	f.driveTogether(2 * 24 * time.Hour)
	f.check(first, true)
	f.check(late, true)
	for handle, n := range f.asked() {
		if n != 1 {
			t.Errorf("%s was asked about %d times once its server was back", handle, n)
		}
	}
}
