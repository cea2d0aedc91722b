package fedi

import (
	"net/http"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var nonsense = []string{"0", "-1", "1e9", "9999999999", "18446744073709551615", "NaN", "", "Thu, 01 Jan 1970 00:00:00 GMT",
	"Fri, 31 Dec 9999 23:59:59 GMT", "2026-13-40T99:99:99Z", "2026-11-23T12:00:00+14:00", "9223372036854775807", "1.5", "\x00", "Mon, 23 Nov 2026"}

func TestNET08Waits(t *testing.T) {
	for _, most := range []time.Duration{maxWaitHome, maxWaitForeign} {
		for _, name := range []string{"Retry-After", "X-RateLimit-Reset"} {
			for _, value := range nonsense {
				for _, date := range []string{"", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "never"} {
					h := http.Header{name: {value}, "Date": {date}}
					wait := mayAskAgain(canonical(h), noon, most).Sub(noon)
					if wait < minWait || wait > most {
						t.Errorf("%s: %q, Date %q: wait %v", name, value, date, wait)
					}
				}
			}
		}
	}
}

// canonical writes the keys as net/http reads them.
func canonical(h http.Header) http.Header {
	out := http.Header{}
	for k, v := range h {
		out.Set(k, v[0])
	}
	return out
}

func TestNET08Values(t *testing.T) {
	cases := []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"Retry-After": {"30"}}, 30 * time.Second},
		{http.Header{"Retry-After": {"0"}}, time.Second},
		{http.Header{"Retry-After": {"9999999999"}}, maxWaitHome},
		{http.Header{"Retry-After": {"Mon, 23 Nov 2026 12:05:00 GMT"}}, 5 * time.Minute},
		{http.Header{"X-Ratelimit-Reset": {"2026-11-23T12:05:00.000000Z"}}, 5 * time.Minute},
		{http.Header{"X-Ratelimit-Reset": {"2026-11-23T11:59:00.000Z"}}, pastReset},
		{http.Header{"X-Ratelimit-Reset": {"1795435500"}}, 5 * time.Minute},
		{http.Header{"X-Ratelimit-Reset": {"2026-11-23T12:15:00.000Z"}, "Date": {"Mon, 23 Nov 2026 12:10:00 GMT"}}, 5 * time.Minute}, // a clock that is ahead
		{http.Header{}, unsaidWait},
	}
	for _, c := range cases {
		if got := mayAskAgain(c.header, noon, maxWaitHome).Sub(noon); got != c.want {
			t.Errorf("%v: %v, want %v", c.header, got, c.want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	head := func(limit, remaining, reset string) http.Header {
		return canonical(http.Header{"X-RateLimit-Limit": {limit}, "X-RateLimit-Remaining": {remaining}, "X-RateLimit-Reset": {reset}})
	}
	got := rateLimit(head("300", "298", "2026-11-23T12:04:00.000Z"), noon)
	if got == nil || got.Limit != 300 || got.Remaining != 298 || !got.Reset.Equal(noon.Add(4*time.Minute)) {
		t.Errorf("got %+v", got)
	}
	for _, h := range []http.Header{head("", "1", ""), head("300", "", ""), head("0", "0", ""), head("-5", "1", ""), head("300", "-1", ""), head("1e3", "1", ""), {}} {
		if got := rateLimit(h, noon); got != nil {
			t.Errorf("%v: %+v", h, got)
		}
	}
	if got := rateLimit(head("10", "500", "x"), noon); got == nil || got.Remaining != 10 {
		t.Errorf("more left than there is: %+v", got)
	}
}

func TestFreshFor(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"max-age=259200, public": maxFresh, "max-age=60": minFresh, "MAX-AGE=7200": 2 * time.Hour, "max-age=99999999999999999999": maxFresh,
		"no-store": unsaidFresh, "": unsaidFresh, "max-age=-1": unsaidFresh, `max-age="7200"`: 2 * time.Hour,
	} {
		if got := freshFor(http.Header{"Cache-Control": {value}}); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func FuzzRateHeaders(f *testing.F) {
	for _, s := range nonsense {
		f.Add(s, s, s, s, s)
	}
	f.Add("300", "298", "2026-11-23T12:04:00.000Z", "30", "Mon, 23 Nov 2026 12:00:00 GMT")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, after, date string) {
		h := http.Header{"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset},
			"Retry-After": {after}, "Date": {date}, "Cache-Control": {after}}
		if r := rateLimit(h, noon); r != nil && (r.Limit <= 0 || r.Remaining < 0 || r.Remaining > r.Limit || outside(r.Reset, maxWaitHome)) {
			t.Errorf("limit %+v", r)
		}
		if at := mayAskAgain(h, noon, maxWaitForeign); outside(at, maxWaitForeign) {
			t.Errorf("wait until %v", at)
		}
		if d := freshFor(h); d < minFresh || d > maxFresh {
			t.Errorf("fresh for %v", d)
		}
	})
}

func outside(at time.Time, most time.Duration) bool {
	wait := at.Sub(noon)
	return wait < minWait || wait > most
}
