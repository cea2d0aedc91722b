package feditest

import (
	"fmt"
	"strings"
	"time"

	"godwit/internal/social"
)

// Person is somebody whom the owner of the sample export follows on X. All of
// them are invented; their numeric ids lie beyond those that X has given out.
type Person struct {
	XID       string
	XUsername string
	Name      string
	Bio       string
	Location  string
	URL       string
	Pinned    string // text of the pinned post
	Handle    string // where they say they are, as user@domain; "" when nowhere
	Story     string // what the demo shows with them; "" is the plain case
}

// SampleWorld is the demo's fediverse, with its cast.
type SampleWorld struct {
	World    *World
	Home     *Host    // mudflat.test, where one signs in
	Wanderer *Account // the account to sign in as
	Keeper   *Account // an admin of Home
	Owner    Person   // the owner of the sample export, on X
	People   []Person // whom the owner follows there
}

// slowness is how late the sample's slow hosts answer.
const slowness = 1500 * time.Millisecond

// sampleHost is a row of the table of hosts.
type sampleHost struct {
	name    string
	flavour social.Flavour
	options []HostOption
	trouble []Fault
}

// sampleFriend is a row of the table of people.
type sampleFriend struct {
	x, name, bio  string
	location, url string
	pinned        string
	on            string // the handle
	story         string
	absent        bool // there is no such account at on
	with          []AccountOption
}

// Sample fills w with the demo's world: some forty servers by the tidal flats,
// and the people of one export, with the fates that people have. Everything is
// the same each time.
func Sample(w *World) *SampleWorld {
	for _, row := range sampleHosts {
		h := w.AddHost(row.name, row.flavour, row.options...)
		for _, f := range row.trouble {
			h.Fault(f)
		}
	}
	s := &SampleWorld{World: w, Home: w.host("mudflat.test"), Owner: Person{
		XID: sampleID(0), XUsername: "wandering_wader", Name: "Wren Ackermann",
		Bio: "Counts birds at low tide. Writes it all down. Moving to @wanderer@mudflat.test", Handle: "wanderer@mudflat.test"}}
	s.Wanderer = s.Home.AddAccount("wanderer", Named("Wren Ackermann"), Bio("Counts birds at low tide."),
		Field("X", "https://x.com/wandering_wader"))
	s.Keeper = s.Home.AddAccount("harbourmaster", Named("The harbour master"), Bio("I keep this server afloat."), Role("Owner", 1))
	for i, f := range sampleFriends {
		w.settleIn(f)
		s.People = append(s.People, f.person(sampleID(i+1)))
	}
	for _, handle := range sampleBeyond {
		w.host(afterAt(handle)).AddAccount(beforeAt(handle))
	}
	s.tie()
	return s
}

// tie makes what needs all accounts to be there.
func (s *SampleWorld) tie() {
	w := s.World
	w.host("curlew.test").AddAccount("solveig", Named("Solveig Strand"), AlsoKnownAs("solveig@gannet.test"))
	w.host("puffin.test").AddAccount("elio", Named("Elio Maré"), AlsoKnownAs("elio@brackish.test"), Locked())
	w.host("kittiwake.test").AddAccount("noor", Named("Noor van der Wal"), AlsoKnownAs("noor@shelduck.test"))
	w.host("egret.test").Alias("director", "okke@guillemot.test")
	s.Home.Defederate("seawall.test")
	w.SetFollowing("wanderer@mudflat.test", "harbourmaster@mudflat.test")
	w.SetFollowing("wanderer@mudflat.test", "brigid@tideline.test")
	w.SetFollowing("wanderer@mudflat.test", "tomke@knot.test")
}

// host finds a host that must be there.
func (w *World) host(name string) *Host {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.at(name)
	if h == nil {
		panic("feditest: no host " + name)
	}
	return h
}

func (w *World) settleIn(f sampleFriend) {
	if f.on == "" || f.absent {
		return
	}
	host := w.host(afterAt(f.on))
	if host.has(beforeAt(f.on)) {
		return // two people on X claim one account
	}
	host.AddAccount(beforeAt(f.on), append([]AccountOption{Named(f.name), Bio("Here from the other place.")}, f.with...)...)
}

func (h *Host) has(user string) bool {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	return h.accounts[strings.ToLower(user)] != nil
}

func (f sampleFriend) person(id string) Person {
	return Person{XID: id, XUsername: f.x, Name: f.name, Bio: f.bio, Location: f.location, URL: f.url,
		Pinned: f.pinned, Handle: f.on, Story: f.story}
}

// sampleID numbers people from above what X has given out by 2026.
func sampleID(i int) string { return fmt.Sprintf("90000000000000%05d", 101+7*i) }
