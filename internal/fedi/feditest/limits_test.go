package feditest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"godwit/internal/social"
)

func record(h http.Handler, target string) got {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
	return got{rec.Code, rec.Header(), rec.Body.String()}
}

const own = "home.test/api/v1/accounts/verify_credentials"

// rates reads the three headers.
func (r got) rates() [3]string {
	return [3]string{r.header.Get("X-Ratelimit-Limit"), r.header.Get("X-Ratelimit-Remaining"), r.header.Get("X-Ratelimit-Reset")}
}

func TestMastodonTokenWindow(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.Mastodon)
	const reset = "2026-11-23T14:05:00.123456Z" // the end of the window and the fraction of now
	if r := b.get(t, own, token); r.rates() != [3]string{"300", "299", reset} {
		t.Errorf("first: %v", r.rates())
	}
	for range 299 {
		b.get(t, own, token)
	}
	r := b.get(t, own, token)
	if r.status != 429 || r.rates() != [3]string{"300", "0", reset} || r.header.Get("Retry-After") != "" || r.body != `{"error":"Too many requests"}` {
		t.Errorf("the 301st: %d %v %s", r.status, r.rates(), r.body)
	}
	if r := b.get(t, own, h.Token("alice").Reveal()); r.status != 200 {
		t.Errorf("another token of the same account: %d", r.status)
	}
	if r := b.get(t, "home.test/.well-known/webfinger?resource=acct:alice@home.test", ""); r.status != 200 || r.rates()[0] != "" {
		t.Errorf("WebFinger is not throttled: %d %v", r.status, r.rates())
	}
	b.clock.Advance(4*time.Minute + 57*time.Second) // 14:05:00.1
	if r := b.get(t, own, token); r.status != 200 || r.rates()[1] != "299" {
		t.Errorf("in the next window: %d %v", r.status, r.rates())
	}
	if s := b.Stats("home.test"); s.RateLimited != 1 {
		t.Errorf("counted %d answers 429, want 1", s.RateLimited)
	}
}

func TestMastodonAppRegistrations(t *testing.T) {
	b := newBench(t)
	b.home(social.Mastodon)
	form := map[string][]string{"client_name": {"x"}, "redirect_uris": {"https://app.example/cb"}}
	for i := range 6 {
		want := 200
		if i == 5 {
			want = 429
		}
		if r := b.post(t, "home.test/api/v1/apps", "", form); r.status != want {
			t.Errorf("registration %d: %d, want %d", i+1, r.status, want)
		}
	}
}

// TestMastodonFollowsOfADay follows 401 accounts: the answer's headers are of
// the tightest budget, the 401st is refused, and 00:00 UTC begins anew.
func TestMastodonFollowsOfADay(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	far := b.AddHost("far.test", social.Mastodon)
	for i := range 401 {
		far.AddAccount(fmt.Sprintf("u%d", i))
	}
	for i := range 400 {
		if i%100 == 0 {
			b.clock.Advance(5 * time.Minute)
		}
		r := b.ask(t, token, fmt.Sprintf("u%d@far.test", i))
		left := strconv.Itoa(399 - i)
		switch limit := r.rates()[0]; {
		case r.status != 200:
			t.Fatalf("follow %d: %d %s", i, r.status, r.body)
		case limit == "400" && r.rates()[1] != left:
			t.Fatalf("follow %d: %v, want %s left of the day", i, r.rates(), left)
		case i < 100 && limit != "300", i > 310 && limit != "400":
			t.Fatalf("follow %d tells of limit %s", i, limit)
		}
	}
	r := b.ask(t, token, "u400@far.test")
	if r.status != 429 || r.rates() != [3]string{"400", "0", "2026-11-24T00:00:00.123456Z"} {
		t.Errorf("the 401st: %d %v", r.status, r.rates())
	}
	if r := b.ask(t, token, "u3@far.test"); r.status != 200 {
		t.Errorf("one that is followed already is not counted: %d", r.status)
	}
	if days := b.FollowDays("alice@home.test"); days["2026-11-23"] != 400 {
		t.Errorf("days: %v", days)
	}
	b.clock.Advance(10 * time.Hour)
	if r := b.ask(t, token, "u400@far.test"); r.status != 200 {
		t.Errorf("the next day: %d", r.status)
	}
}

func TestMastodonFollowCap(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon, Limited(Limits{FollowCap: 3}))
	far := b.AddHost("far.test", social.Mastodon)
	for i := range 4 {
		far.AddAccount(fmt.Sprintf("u%d", i))
		want := 200
		if i == 3 {
			want = 422
		}
		if r := b.ask(t, token, fmt.Sprintf("u%d@far.test", i)); r.status != want {
			t.Errorf("follow %d: %d %s, want %d", i+1, r.status, r.body, want)
		}
	}
}

func TestGoToSocialAddressWindow(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.GoToSocial)
	h.AddAccount("bob")
	const reset = "2026-11-23T14:05:03.000Z" // five minutes after the first request
	if r := b.get(t, own, token); r.rates() != [3]string{"300", "299", reset} {
		t.Errorf("first: %v", r.rates())
	}
	for range 299 {
		b.get(t, own, token)
	}
	r := b.get(t, own, h.Token("bob").Reveal())
	if r.status != 429 || r.rates() != [3]string{"300", "0", reset} || r.header.Get("Retry-After") != "" || r.body != `{"error":"rate limit reached"}` {
		t.Errorf("another's request from the same address: %d %v %s", r.status, r.rates(), r.body)
	}
	if r := b.post(t, "home.test/oauth/token", "", nil); r.status != 429 {
		t.Errorf("OAuth shares the limit: %d", r.status)
	}
	if r := b.get(t, "home.test/.well-known/webfinger?resource=acct:bob@home.test", ""); r.status != 200 || r.rates()[1] != "299" {
		t.Errorf("WebFinger has its own: %d %v", r.status, r.rates())
	}
	b.clock.Advance(5 * time.Minute)
	if r := b.get(t, own, token); r.status != 200 {
		t.Errorf("after the window: %d", r.status)
	}
}

// TestRemoteThrottleLooksLikeNobody is the recorded bulk follow of 60 accounts
// of one GoToSocial server: 43 work, then searches come back empty with 200.
func TestRemoteThrottleLooksLikeNobody(t *testing.T) {
	for _, home := range []social.Flavour{social.GoToSocial, social.Mastodon, social.Snac} {
		t.Run(string(home), func(t *testing.T) {
			b := newBench(t)
			_, token := b.home(home)
			far := b.AddHost("far.test", social.GoToSocial)
			followed := 0
			for i := range 60 {
				far.AddAccount(fmt.Sprintf("bulk%02d", i))
				handle := fmt.Sprintf("bulk%02d@far.test", i)
				if ids := b.find(t, token, handle); len(ids) == 1 {
					b.post(t, "home.test/api/v1/accounts/"+ids[0]+"/follow", token, nil)
					followed++
				}
			}
			if followed != 43 {
				t.Errorf("%d accounts were found, 43 were recorded", followed)
			}
			b.clock.Advance(5 * time.Minute)
			if ids := b.find(t, token, "bulk59@far.test"); len(ids) != 1 {
				t.Error("after the remote's window it is still not found")
			}
		})
	}
}

func TestGoToSocialCapacity(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.GoToSocial)
	gate, entered := make(chan struct{}), make(chan struct{}, gtsInFlight)
	h.Handle("/hold", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-gate
	}))
	held := make(chan error, gtsInFlight)
	for range gtsInFlight {
		go func() {
			_, err := b.try(t, "home.test/hold", "", nil)
			held <- err
		}()
	}
	for range gtsInFlight {
		<-entered
	}
	r := b.get(t, own, token)
	if r.status != 429 || r.header.Get("Retry-After") != "30" {
		t.Errorf("beyond capacity: %d %q", r.status, r.header.Get("Retry-After"))
	}
	close(gate)
	for range gtsInFlight {
		if err := <-held; err != nil {
			t.Error(err)
		}
	}
}
