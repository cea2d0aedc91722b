package feditest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// windows are counters that begin anew when their window ends.
type windows map[string]*window

type window struct {
	ends  time.Time
	count int
}

// reading is what a limit says after one request.
type reading struct {
	limit, remaining int
	reset            string // as the flavour writes it
}

// tell puts the reading into an answer, unless there is none.
func (r reading) tell(a *answer) {
	if r.limit == 0 {
		return
	}
	a.with("X-RateLimit-Limit", strconv.Itoa(r.limit))
	a.with("X-RateLimit-Remaining", strconv.Itoa(r.remaining))
	a.with("X-RateLimit-Reset", r.reset)
}

// open returns the counter of key, new when its window has ended. Aligned
// windows end at multiples of period since the epoch, others begin now.
func (ws windows) open(key string, period time.Duration, aligned bool, now time.Time) *window {
	if c := ws[key]; c != nil && now.Before(c.ends) {
		return c
	}
	if len(ws) >= maxWindows {
		ws.sweep(now)
	}
	ends := now.Add(period)
	if aligned {
		ends = time.Unix(now.Unix()-now.Unix()%int64(period/time.Second), 0).Add(period).UTC()
	}
	c := &window{ends: ends}
	ws[key] = c
	return c
}

func (ws windows) sweep(now time.Time) {
	for key, c := range ws {
		if !now.Before(c.ends) {
			delete(ws, key)
		}
	}
}

// mastodonReset is when Mastodon says a window ends: the end of the window plus
// the fraction of the present second, with six decimals.
func mastodonReset(now time.Time, period time.Duration) string {
	left := int64(period/time.Second) - now.Unix()%int64(period/time.Second)
	return now.Add(time.Duration(left) * time.Second).Format("2006-01-02T15:04:05.000000Z")
}

// throttle is one rule of Rack::Attack; requests without a key do not count.
type throttle struct {
	name   string
	limit  func(*Host) int
	period time.Duration
	key    func(c *call) string
}

func fixed(limit int) func(*Host) int { return func(*Host) int { return limit } }

// mastodonThrottles are Mastodon's, in its order, as far as the simulation
// serves what they are about.
var mastodonThrottles = []throttle{
	{"user", fixed(mastodonPerUser), mastodonWindow, userKey},
	{"token", func(h *Host) int { return h.limits.PerToken }, mastodonWindow, tokenKey},
	{"ip", fixed(mastodonPerIP), mastodonWindow, func(c *call) string {
		if !c.isAPI() || userKey(c) != "" {
			return ""
		}
		return c.ip
	}},
	{"apps", func(h *Host) int { return h.limits.Apps }, mastodonAppWindow, func(c *call) string {
		if c.r.Method != http.MethodPost || c.r.URL.Path != "/api/v1/apps" {
			return ""
		}
		return c.ip
	}},
	{"media", fixed(mastodonMedia), mastodonMediaWindow, func(c *call) string {
		if !c.streamed() {
			return ""
		}
		return userKey(c)
	}},
	{"deletes", fixed(mastodonMedia), mastodonMediaWindow, func(c *call) string {
		if c.r.Method != http.MethodDelete || !strings.HasPrefix(c.r.URL.Path, "/api/v1/statuses/") {
			return ""
		}
		return userKey(c)
	}},
	{"paging", fixed(mastodonPaging), mastodonPageWindow, func(c *call) string {
		q := c.r.URL.Query()
		if !q.Has("page") && !q.Has("min_id") && !q.Has("max_id") && !q.Has("since_id") {
			return ""
		}
		if key := userKey(c); key != "" {
			return key
		}
		return c.ip
	}},
}

func (c *call) isAPI() bool { return strings.HasPrefix(c.r.URL.Path, "/api") }

func userKey(c *call) string {
	if !c.isAPI() || c.token == nil || c.token.revoked || c.token.account == nil {
		return ""
	}
	return "@" + c.token.account.user
}

func tokenKey(c *call) string {
	if !c.isAPI() || c.token == nil || c.token.revoked {
		return ""
	}
	return "#" + c.token.value
}

// mastodonLimit counts a request against every throttle, refuses it when one is
// used up, and notes the tightest for the answer's headers.
func mastodonLimit(h *Host, c *call) *answer {
	for _, t := range mastodonThrottles {
		key := t.key(c)
		if key == "" {
			continue
		}
		limit := t.limit(h)
		count := h.windows.open(t.name+" "+key, t.period, true, c.now)
		count.count++
		read := reading{limit, limit - count.count, mastodonReset(c.now, t.period)}
		if read.remaining < 0 {
			read.remaining = 0
			a := h.refusal(tooMany)
			read.tell(a)
			return a
		}
		if c.isAPI() && (c.limit.limit == 0 || read.remaining < c.limit.remaining) {
			c.limit = read
		}
	}
	return nil
}

// followFamily is the counter of follows of one account and UTC day.
func (h *Host) followFamily(c *call) *window {
	return h.windows.open("follows @"+c.token.account.user, mastodonDay, true, c.now)
}

// tellFamily lets the follows' own numbers replace the throttle's, unless those
// are tighter.
func (h *Host) tellFamily(c *call) {
	left := h.limits.Follows - h.followFamily(c).count
	if c.limit.limit == 0 || left <= c.limit.remaining {
		c.limit = reading{h.limits.Follows, left, mastodonReset(c.now, mastodonDay)}
	}
}

// gtsLimit counts a request of a client against its address: one counter for
// the client API with OAuth, one for what servers ask. Pages for people have
// limits of their own that nobody recorded; they are not counted here.
func gtsLimit(h *Host, c *call) *answer {
	if c.r.Header.Get("User-Agent") == "" {
		return text(http.StatusTeapot, "application/json", `{"error":"I'm a teapot: no user-agent sent with request"}`)
	}
	group := gtsGroup(c.r.URL.Path)
	if group == "" {
		return nil
	}
	count := h.windows.open(group+" "+c.ip, gtsWindow, false, c.now)
	count.count++
	c.limit = reading{gtsPerIP, max(0, gtsPerIP-count.count), count.ends.Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")}
	switch {
	case count.count > gtsPerIP:
		a := text(http.StatusTooManyRequests, "application/json", `{"error":"rate limit reached"}`)
		c.limit.tell(a)
		return a
	case c.inFlight > gtsInFlight:
		return text(http.StatusTooManyRequests, "application/json", `{"error":"server capacity exceeded"}`).with("Retry-After", "30")
	}
	return nil
}

func gtsGroup(path string) string {
	for _, prefix := range []string{"/api/", "/oauth/", "/auth/"} {
		if strings.HasPrefix(path, prefix) {
			return "client"
		}
	}
	for _, prefix := range []string{"/.well-known/", "/nodeinfo", "/users/"} {
		if strings.HasPrefix(path, prefix) {
			return "server"
		}
	}
	return ""
}

// gtsServerLimit counts what another server asks against that server's address.
// The first request of a batch decides whether the answer is of use.
func gtsServerLimit(h *Host, from string, cost int, now time.Time) bool {
	count := h.windows.open("server "+from, gtsWindow, false, now)
	ok := count.count < gtsPerIP
	count.count += cost
	return ok
}
