package locale

import (
	"fmt"
	"strconv"
	"time"
)

// Clock writes instants in one language, as seen from one place and moment.
type Clock struct {
	Lang *Lang
	Now  time.Time
	Zone *time.Location
	// Named says that the zone may not be the reader's own and is written beside the time.
	Named bool
}

// At writes an instant: the clock time today, else with its day.
func (c Clock) At(t time.Time) Sentence {
	local, clock := t.In(c.Zone), c.time(t)
	text := ""
	switch c.days(t) {
	case 0:
		text = c.Lang.Say("when.today", "time", clock).String()
	case 1:
		text = c.Lang.Say("when.tomorrow", "time", clock).String()
	default:
		text = c.Lang.Say("when.day", "time", clock, "date", c.date(local)).String()
	}
	return stamp(t, text)
}

// Time writes the clock time alone.
func (c Clock) Time(t time.Time) Sentence { return stamp(t, c.time(t)) }

// Date writes the day alone, with the year when it is another one.
func (c Clock) Date(t time.Time) Sentence { return stamp(t, c.date(t.In(c.Zone))) }

// Days is how many days t lies ahead of now on the reader's calendar; negative
// when it is past.
func (c Clock) Days(t time.Time) int { return c.days(t) }

func (c Clock) days(t time.Time) int {
	a, b := c.Now.In(c.Zone), t.In(c.Zone)
	from := time.Date(a.Year(), a.Month(), a.Day(), 12, 0, 0, 0, time.UTC)
	to := time.Date(b.Year(), b.Month(), b.Day(), 12, 0, 0, 0, time.UTC)
	return int(to.Sub(from).Hours()) / 24
}

func (c Clock) time(t time.Time) string {
	local := t.In(c.Zone)
	text := fmt.Sprintf("%02d:%02d", local.Hour(), local.Minute())
	if c.Named {
		return c.Lang.Say("when.zone", "time", text).String()
	}
	return text
}

func (c Clock) date(local time.Time) string {
	month := c.Lang.Say("month." + strconv.Itoa(int(local.Month()))).String()
	day := strconv.Itoa(local.Day())
	if local.Year() == c.Now.In(c.Zone).Year() {
		return c.Lang.Say("date.day", "day", day, "month", month).String()
	}
	return c.Lang.Say("date.year", "day", day, "month", month, "year", strconv.Itoa(local.Year())).String()
}

func stamp(t time.Time, text string) Sentence {
	return Sentence{{Kind: Time, Text: text, At: t.UTC().Format(time.RFC3339)}}
}
