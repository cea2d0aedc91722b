package main

import (
	"time"

	"godwit/internal/social"
)

// allowance is what a server allows, as its documentation says; Godwit's own
// head-room, bursts and pauses are not in it.
type allowance struct {
	follows  int // a UTC day; 0 for any number
	requests int // in each window
	window   time.Duration
	aligned  bool // windows begin at whole multiples; else with the first request
}

var allowances = map[social.Flavour]allowance{
	social.Mastodon:   {follows: 400, requests: 300, window: 5 * time.Minute, aligned: true},
	social.GoToSocial: {requests: 300, window: 5 * time.Minute},
	// snac has no limits; one request a second is what four threads bear.
	social.Snac: {requests: 1, window: time.Second},
}

// headRoom is what Godwit leaves of every limit for the person's own use: no UTC
// day has more than 390 follows on Mastodon (ENG-05), so that is what a plan is
// held against. 2,000 accounts at 400 a day end early on the fifth day, at 390
// early on the sixth. To give the ten out late in the evening, when the person
// had no use for them, would not mend that: the fifth day's would come at its
// end, as late as the sixth day's beginning, and the rule would be broken daily.
// Whoever does not want to wait takes the file, which is not held to 400.
const headRoom = 10

// less is the allowance without what is left to the person.
func (a allowance) less(n int) allowance {
	if a.follows > 0 {
		a.follows -= n
	}
	if a.requests > n {
		a.requests -= n
	}
	return a
}

const day = 24 * time.Hour // as UTC has it

// requestsEach is the least that a follow costs: finding the account on the
// home server, and following it.
const requestsEach = 2

// earliest is when n follows can be made at the earliest by somebody who begins
// at from, sends two requests for each and never waits longer than needed.
func (a allowance) earliest(n int, from time.Time) time.Time {
	c := counted{now: from, window: from, today: from.Truncate(day)}
	if a.aligned {
		c.window = from.Truncate(a.window)
	}
	for range n {
		for range requestsEach {
			c.request(a)
		}
		c.follow(a)
	}
	return c.now
}

// counted is what a server has counted by now.
type counted struct {
	now, window, today time.Time // the latter two: since when it counts
	sent, made         int       // requests in this window, follows today
}

// request counts one, in the next window if this one is full.
func (c *counted) request(a allowance) {
	if c.sent == a.requests {
		c.window, c.sent = c.window.Add(a.window), 0
		c.now = c.window
	}
	c.sent++
}

// follow makes the request just counted a follow, tomorrow if today's are used up.
func (c *counted) follow(a allowance) {
	tomorrow := c.today.Add(day)
	if a.follows > 0 && c.made == a.follows && c.now.Before(tomorrow) {
		c.now, c.window, c.sent = tomorrow, tomorrow, 1
	}
	if !c.now.Before(tomorrow) {
		c.today, c.made = c.now.Truncate(day), 0
	}
	c.made++
}
