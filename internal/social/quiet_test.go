package social_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"godwit/internal/social"
)

// TestENG13QuietHours: hours that the clocks skip or show twice are quiet once.
func TestENG13QuietHours(t *testing.T) {
	for _, c := range []struct{ hours, zone, day, quiet string }{
		{"22:00-06:30", "", "2026-11-20", "22:00-06:30"},
		{"01:30-02:30", "Europe/Berlin", "2026-03-29", "00:30-01:00"},
		{"01:30-02:30", "Europe/Berlin", "2026-10-25", "23:30-00:30"},
		{"12:00-13:00", "Asia/Shanghai", "2026-11-20", "04:00-05:00"},
	} {
		q, err := social.ParseQuiet(c.hours, c.zone)
		if err != nil || q.String() != c.hours {
			t.Fatalf("%s: %v %v", c.hours, q, err)
		}
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := quietTimes(q, day.Add(-2*time.Hour), day.Add(24*time.Hour)); got != c.quiet {
			t.Errorf("%s in %s on %s: quiet %s in UTC, want %s", c.hours, c.zone, c.day, got, c.quiet)
		}
	}
}

// quietTimes are the spans of minutes for which q asks for quiet, in UTC.
func quietTimes(q social.Quiet, from, to time.Time) string {
	var spans []string
	var began time.Time
	for at := from; !at.After(to); at = at.Add(time.Minute) {
		end := q.Until(at)
		switch {
		case !end.IsZero() && began.IsZero():
			began = at
		case end.IsZero() && !began.IsZero():
			spans = append(spans, began.Format("15:04")+"-"+at.Format("15:04"))
			began = time.Time{}
		}
	}
	return strings.Join(spans, " ")
}

func TestParseQuietRefuses(t *testing.T) {
	for _, text := range []string{"", "22", "22:00", "22:00-22:00", "24:00-01:00", "a-b", "22:00-23:60"} {
		if q, err := social.ParseQuiet(text, ""); err == nil {
			t.Errorf("%q is %v", text, q)
		}
	}
	if _, err := social.ParseQuiet("22:00-23:00", "Nowhere/City"); err == nil {
		t.Error("an unknown zone is taken")
	}
}
