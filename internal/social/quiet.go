package social

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
)

// Quiet is hours of each day, by the clock of a zone, in which a server is not
// asked. The zero value is none.
type Quiet struct {
	From, To int // minutes since midnight; To may lie on the next day
	Zone     string
}

const minutesOfDay = 24 * 60

// ParseQuiet reads "22:00-06:30" in a zone of the IANA database, "" for UTC.
func ParseQuiet(text, zone string) (Quiet, error) {
	from, to, found := strings.Cut(strings.ReplaceAll(text, " ", ""), "-")
	q := Quiet{Zone: zone}
	var ok1, ok2 bool
	q.From, ok1 = minutes(from)
	q.To, ok2 = minutes(to)
	if _, err := time.LoadLocation(zone); err != nil || !found || !ok1 || !ok2 || q.From == q.To {
		return Quiet{}, fault.New(fault.Invalid, "bad-quiet-hours", "Quiet hours look like 22:00-06:30, with a zone such as Europe/Berlin. Nothing was changed.")
	}
	return q, nil
}

func minutes(text string) (int, bool) {
	hours, mins, found := strings.Cut(text, ":")
	h, err1 := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(mins)
	return h*60 + m, found && err1 == nil && err2 == nil && h >= 0 && h < 24 && m >= 0 && m < 60
}

// String is as ParseQuiet reads it, without the zone.
func (q Quiet) String() string {
	if q.From == q.To {
		return ""
	}
	two := func(n int) string { return time.Time{}.Add(time.Duration(n) * time.Minute).Format("15:04") }
	return two(q.From) + "-" + two(q.To)
}

// Until returns when the quiet hours that hold now end; zero outside of them.
// An hour that the clocks skip or show twice is counted once (ENG-13).
func (q Quiet) Until(now time.Time) time.Time {
	zone, err := time.LoadLocation(q.Zone)
	if err != nil || q.From == q.To {
		return time.Time{}
	}
	length := 0
	if q.To < q.From {
		length = 1
	}
	for ago := range 2 {
		day := now.In(zone).AddDate(0, 0, -ago)
		begin, end := firstAt(day, q.From), firstAt(day.AddDate(0, 0, length), q.To)
		if !now.Before(begin) && now.Before(end) {
			return end.UTC()
		}
	}
	return time.Time{}
}

// firstAt is the first instant of a day on which its clock shows the minute or
// a later one. Zones change by quarters of an hour, by two hours at most.
func firstAt(day time.Time, minute int) time.Time {
	y, m, d := day.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, day.Location())
	for shift := -120; ; shift += 15 {
		at := midnight.Add(time.Duration(minute+shift) * time.Minute)
		shown := at.Hour()*60 + at.Minute()
		if at.Day() == d && shown >= minute || shift == 120 {
			return at
		}
	}
}
