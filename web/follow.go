package web

import (
	"net/http"
	"net/url"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// planPage is the choice between the background and the file.
type planPage struct {
	Frame        `json:"-"`
	Destination  social.Destination
	Destinations []social.Destination
	N            int
	Locked       int
	Undecided    int
	Blocked      int // left out: the home server exchanges nothing with theirs
	Cards        []card
	Chosen       bridge.Channel
	Notes        []locale.Sentence
	Also         []alsoBox
	Wider        bool // with more permission the server would take lists
	Computed     locale.Sentence
	Lost         locale.Sentence // why nothing can be followed now
	Nothing      locale.Sentence
	NoAccount    locale.Sentence
}

// card is one way to follow, with its estimate.
type card struct {
	Channel bridge.Channel
	Title   locale.Sentence
	Say     locale.Sentence
	Hint    locale.Sentence
}

func (s *site) plan(v *visit) error { return v.showPlan(http.StatusOK, nil) }

func (v *visit) showPlan(status int, wrong locale.Sentence) error {
	page, err := v.buildPlan()
	if err != nil {
		return err
	}
	if !wrong.Empty() {
		page.Problem = []problem{{"how", wrong}}
	}
	if how := bridge.Channel(v.r.PostFormValue("how")); how != "" {
		page.Chosen = how
	}
	return v.show(status, "plan", page)
}

// chosenDestination is the account that the request names with as, else the
// one that is under way. Zero when none is connected.
func (v *visit) chosenDestination(as string) (d social.Destination, all []social.Destination, err error) {
	all, err = v.site.Store.ListDestinations(v.r.Context(), v.user.ID)
	if err != nil || len(all) == 0 && as == "" {
		return d, all, err
	}
	if as == "" {
		return busiest(all), all, nil
	}
	id, err := v.id(as)
	if err != nil {
		return d, nil, err
	}
	d, err = v.site.Store.GetDestination(v.r.Context(), v.user.ID, id)
	return d, all, err
}

func (v *visit) buildPlan() (*planPage, error) {
	ctx := v.r.Context()
	d, all, err := v.chosenDestination(v.r.FormValue("as"))
	if err != nil {
		return nil, err
	}
	list, err := v.site.Store.Followable(ctx, v.user.ID, d.ID)
	if err != nil {
		return nil, err
	}
	counts, err := v.site.Store.MatchCounts(ctx, v.user.ID)
	if err != nil {
		return nil, err
	}
	undecided, err := v.site.openLikely(v)
	if err != nil {
		return nil, err
	}
	reached, err := v.reached(d, list)
	if err != nil {
		return nil, err
	}
	blocked := len(list) - len(reached)
	list = reached
	page := &planPage{Destination: d, Destinations: all, N: len(list), Undecided: undecided, Locked: locked(list), Blocked: blocked}
	page.Here = "move"
	page.Title = v.say("follow.title.bare")
	switch {
	case len(list) == 0 && counts.Confirmed == 0:
		page.Nothing = v.say("follow.nothing.confirmed")
	case len(list) == 0 && blocked > 0:
		page.Nothing = v.say("follow.blocked", "n", blocked)
	case len(list) == 0:
		page.Nothing = v.say("follow.nothing", "n", counts.Confirmed)
	case d.ID == 0:
		page.NoAccount = v.say("follow.no-account", "n", len(list))
	case d.State == social.PermissionLost:
		page.Lost = v.say("follow.lost", "server", locale.HostOf(d.Host))
	default:
		page.Title = v.say("follow.title", "n", len(list), "handle", d.Handle)
		return page, v.estimate(page, list)
	}
	return page, nil
}

// reached are the Matches whose servers the Destination's exchanges with.
func (v *visit) reached(d social.Destination, list []social.Match) (reached []social.Match, err error) {
	hosts, seen := []string{}, map[string]bool{}
	for _, m := range list {
		if h := m.Handle.Host(); !seen[h] {
			seen[h] = true
			hosts = append(hosts, h)
		}
	}
	blocked, err := v.site.Store.Blocked(v.r.Context(), d.Host, hosts)
	for _, m := range list {
		if !blocked[m.Handle.Host()] {
			reached = append(reached, m)
		}
	}
	return reached, err
}

func locked(list []social.Match) (n int) {
	for _, m := range list {
		if m.Resolution.Locked {
			n++
		}
	}
	return n
}

// fromPlain counts the accounts that come from plain lists of addresses.
func fromPlain(list []social.Match) (n int) {
	for _, m := range list {
		if m.Account.Network == social.Fediverse {
			n++
		}
	}
	return n
}

// crowd is the most accounts that live on one host.
func crowd(list []social.Match) (most int) {
	hosts := map[string]int{}
	for _, m := range list {
		hosts[m.Handle.Host()]++
		most = max(most, hosts[m.Handle.Host()])
	}
	return most
}

// estimate puts the ways and what they take on the page.
func (v *visit) estimate(page *planPage, list []social.Match) error {
	budgets, err := v.site.Store.Budgets(v.r.Context(), page.Destination.ID)
	if err != nil {
		return err
	}
	zone := v.clock().Zone
	wish := bridge.Wish{N: len(list), Locked: page.Locked, Crowd: crowd(list), Plain: fromPlain(list), PlainPerDay: v.site.Store.PlainPerDay()}
	e := bridge.Plan(page.Destination, budgets, wish, v.now)
	for _, channel := range e.Channels {
		c := card{Channel: channel, Title: v.say("follow." + string(channel)), Say: v.sayBridge(e.For(channel, zone))}
		if channel == bridge.Background && e.DayLimit == 0 {
			c.Hint = v.say("follow.background.hint")
		}
		page.Cards = append(page.Cards, c)
	}
	if len(e.Channels) > 0 {
		page.Chosen = e.Channels[0]
	}
	for _, note := range e.Notes(zone) {
		if note.Code == "plan-requests" { // said in the summary
			continue
		}
		page.Notes = append(page.Notes, v.sayBridge(note))
	}
	if page.Also, err = v.alsoBoxes(page.Destination); err != nil {
		return err
	}
	page.Wider = !bridge.TakesLists(page.Destination) && page.Destination.Flavour == social.GoToSocial
	page.Computed = v.say("plan.computed", "time", v.clock().Time(v.now))
	return nil
}

// sayBridge is a sentence of the bridge in the visitor's language.
func (v *visit) sayBridge(x bridge.Sentence) locale.Sentence {
	return v.sayCoded("say."+x.Code, x.Args, x.English)
}

// sayCoded is the catalogue's sentence of key with values that came as text:
// instants in RFC 3339, numbers, hosts.
func (v *visit) sayCoded(key string, args map[string]string, english string) locale.Sentence {
	if !v.lang.Has(key) {
		return locale.Plain(english)
	}
	values := []any{}
	for name, text := range args {
		values = append(values, name, v.value(key, name, text))
	}
	return v.lang.Say(key, values...)
}

// value makes of a value's text what it is.
func (v *visit) value(key, name, text string) any {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return v.instant(key, name, at)
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return v.clock().Date(day)
	}
	if n, ok := number(text); ok {
		return n
	}
	switch name {
	case "host", "server":
		return locale.HostOf(text)
	case "suggestion":
		return locale.LinkTo{Text: text, Address: v.connectPath() + "?account=" + url.QueryEscape(text)}
	case "handle", "old", "new", "other", "typed":
		return locale.Sentence{{Kind: locale.Handle, Text: text}}
	case "source", "username":
		return locale.NameOf(text)
	}
	return text
}

// instant writes an instant as its place in the sentence wants it: a day for
// "date", a bare clock time in sentences that name the day themselves.
func (v *visit) instant(key, name string, at time.Time) locale.Sentence {
	switch {
	case name == "date":
		return v.clock().Date(at)
	case len(key) > 9 && key[:9] == "say.plan-" && name != "when":
		return v.clock().Time(at)
	}
	return v.clock().At(at)
}

// follow starts the chosen way.
func (s *site) follow(v *visit) error {
	return v.actOnce(v.showPlan, func() (string, error) {
		d, _, err := v.chosenDestination(v.field("as"))
		if err != nil {
			return "", err
		}
		switch bridge.Channel(v.field("how")) {
		case bridge.File:
			return "/follow/csv/check?as=" + itoa(d.ID), nil
		case bridge.Background, bridge.List:
			list := bridge.Channel(v.field("how")) == bridge.List
			if err := s.Store.FollowByList(v.r.Context(), v.user.ID, d.ID, list, v.now); err != nil {
				return "", err
			}
			return s.startFollowing(v, d)
		}
		return "", v.showPlan(http.StatusUnprocessableEntity, v.say("follow.choose"))
	})
}

// startFollowing plans the follows of an account and wakes its worker.
func (s *site) startFollowing(v *visit, d social.Destination) (string, error) {
	if d.ID == 0 {
		return "", notFound()
	}
	if d.State == social.PermissionLost {
		return "", permissionLost(d)
	}
	if err := v.planAlso(d); err != nil {
		return "", err
	}
	n, err := s.Store.PlanFollows(v.r.Context(), v.user.ID, d.ID, v.now)
	if err != nil {
		return "", err
	}
	v.ring(social.FollowTask, d.ID)
	key := "follow.started"
	if n == 0 {
		key = "follow.already-started"
	}
	v.flash(flash{Key: key, N: n})
	return "/follow/progress?as=" + itoa(d.ID), nil
}

func permissionLost(d social.Destination) error {
	return fault.New(fault.Paused, "permission-lost", "{host} no longer accepts our permission. Connect again and it goes on where it stopped.", "host", d.Host)
}
