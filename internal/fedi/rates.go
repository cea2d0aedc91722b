package fedi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
)

// retryAfter reads a Retry-After header, seconds or a date, as an instant
// between minWait and most from now. It reports false when there is none that
// can be read.
func retryAfter(h http.Header, now time.Time, most time.Duration) (time.Time, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return time.Time{}, false
	}
	if wait, ok := seconds(text, most); ok {
		return now.Add(max(wait, minWait)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}, false
	}
	return clampInstant(onOurClock(at, h, now), now, most), true
}

// seconds reads digits as a time, cut to most before anything is multiplied:
// 9999999999 seconds overflow a time.Duration and would be negative.
func seconds(text string, most time.Duration) (time.Duration, bool) {
	if strings.Trim(text, "0123456789") != "" || text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(most/time.Second) {
		return most, true
	}
	return time.Duration(n) * time.Second, true
}

// clampInstant brings an instant told by a server between minWait and most
// from now; one that lies in the past means a minute.
func clampInstant(at, now time.Time, most time.Duration) time.Time {
	if !at.After(now) {
		return now.Add(pastReset)
	}
	if at.Before(now.Add(minWait)) {
		return now.Add(minWait)
	}
	if at.After(now.Add(most)) {
		return now.Add(most)
	}
	return at
}

// onOurClock moves an instant told by a server by how far its clock is from
// ours, as its Date header shows.
func onOurClock(at time.Time, h http.Header, now time.Time) time.Time {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil || at.Year() < 1971 || at.Year() > 9000 {
		return at
	}
	return now.Add(at.Sub(theirs))
}

// rateLimit reads the X-RateLimit headers: nil when they are absent or make no
// sense. Reset is ISO 8601 on Mastodon and GoToSocial, Unix seconds elsewhere.
func rateLimit(h http.Header, now time.Time) *social.RateLimit {
	limit, err1 := strconv.ParseInt(h.Get("X-RateLimit-Limit"), 10, 32)
	left, err2 := strconv.ParseInt(h.Get("X-RateLimit-Remaining"), 10, 32)
	if err1 != nil || err2 != nil || limit <= 0 || left < 0 {
		return nil
	}
	reset, ok := resetTime(h, now)
	if !ok {
		reset = now.Add(unsaidWait)
	}
	return &social.RateLimit{Limit: int(limit), Remaining: int(min(left, limit)), Reset: reset}
}

func resetTime(h http.Header, now time.Time) (time.Time, bool) {
	text := strings.TrimSpace(cmpOr(h.Get("X-RateLimit-Reset"), h.Get("X-Rate-Limit-Reset"))) // the latter is X's
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		unix, err := strconv.ParseInt(text, 10, 64)
		if err != nil || unix < 1e9 || unix > 1e11 {
			return time.Time{}, false
		}
		at = time.Unix(unix, 0)
	}
	return clampInstant(onOurClock(at, h, now), now, maxWaitHome).UTC(), true
}

// mayAskAgain is when a server that answered 429 or 503 may be asked again:
// by Retry-After, else by the reset of its window, else by our own measure.
func mayAskAgain(h http.Header, now time.Time, most time.Duration) time.Time {
	if at, ok := retryAfter(h, now, most); ok {
		return at
	}
	if at, ok := resetTime(h, now); ok {
		return clampInstant(at, now, most)
	}
	return now.Add(unsaidWait)
}

// freshFor is how long an answer may be believed, by its Cache-Control.
func freshFor(h http.Header) time.Duration {
	for part := range strings.SplitSeq(strings.ToLower(h.Get("Cache-Control")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name != "max-age" {
			continue
		}
		if age, ok := seconds(strings.Trim(value, `"`), maxFresh); ok {
			return max(age, minFresh)
		}
	}
	return unsaidFresh
}
