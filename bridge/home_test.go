package bridge

import (
	"testing"
	"time"

	"godwit/internal/social"
)

// TestHomePace: all together stay below what a server counts or bears, and the
// operator's cap comes first.
func TestHomePace(t *testing.T) {
	for _, c := range []struct {
		name string
		home social.Home
		fl   social.Flavour
		most int // requests in any five minutes
	}{
		{"gotosocial", social.Home{}, social.GoToSocial, 2 * serverRequests}, // its own window, learnt from its headers, bounds them
		{"snac", social.Home{}, social.Snac, serverRequests + 2},
		{"mastodon", social.Home{}, social.Mastodon, mastodonTogether + serverRequests},
		{"a cap", social.Home{Cap: 60}, social.Mastodon, 60 + 7},
		{"after an outage", social.Home{GentleUntil: monday.Add(time.Hour)}, social.Mastodon, mastodonTogether/2 + 1},
		{"a cap after an outage", social.Home{Cap: 60, GentleUntil: monday.Add(time.Hour)}, social.GoToSocial, 31},
	} {
		open, n := time.Time{}, 0
		for now := monday; now.Before(monday.Add(requestsWindow)); now = now.Add(100 * time.Millisecond) {
			each, burst := HomePace(c.home, c.fl, now)
			for !open.After(now) { // as the store counts
				if made := now.Add(-burst); open.Before(made) {
					open = made
				}
				open = open.Add(each)
				n++
			}
		}
		if n > c.most || n < c.most*8/10 && c.fl != social.GoToSocial {
			t.Errorf("%s: %d requests in five minutes, at most %d", c.name, n, c.most)
		}
	}
}

// TestENG06AfterAnOutage: a home server that comes back is asked gently first.
func TestENG06AfterAnOutage(t *testing.T) {
	h := Health(social.Home{}, errDown, monday)
	if !h.Ill || !h.GentleUntil.IsZero() {
		t.Fatalf("down: %+v", h)
	}
	if h = Health(h, errDown, monday.Add(time.Hour)); !h.Ill {
		t.Fatalf("still down: %+v", h)
	}
	h = Health(h, nil, monday.Add(6*time.Hour))
	if h.Ill || !h.GentleUntil.Equal(monday.Add(6*time.Hour+requestsWindow)) {
		t.Fatalf("back: %+v", h)
	}
	if again := Health(h, errWait, monday.Add(7*time.Hour)); again != h {
		t.Errorf("a wish to wait is no outage: %+v", again)
	}
}
