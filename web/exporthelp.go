package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"godwit/web/locale"
)

// exportPage explains how to get the export from X.
type exportPage struct {
	Frame   `json:"-"`
	Steps   []int
	Asked   locale.Sentence
	Remind  time.Time
	Address string
}

func (s *site) exportHelp(v *visit) error {
	page := &exportPage{Steps: []int{1, 2, 3, 4, 5, 6}, Remind: v.now.Add(remindAfter), Address: s.address("/")}
	page.Title = v.say("export.title")
	if asked, found := v.asked(); found {
		page.Asked = v.say("export.back", "date", v.clock().Date(asked))
		page.Remind = asked.Add(remindAfter)
	}
	return v.show(http.StatusOK, "export", page)
}

// exportAsked remembers, in this browser, on which day X was asked.
func (s *site) exportAsked(v *visit) error {
	v.setCookie(askedCookie, v.now.Format(time.DateOnly), askedLife)
	v.flash(flash{Key: "export.asked.done", At: v.now})
	return v.redirect("/help/export/x")
}

// reminder is an entry for a calendar, so that no e-mail address is needed.
func (s *site) reminder(v *visit) error {
	day := v.now.Add(remindAfter)
	if asked, found := v.asked(); found {
		day = asked.Add(remindAfter)
	}
	address := s.address("/sources/new")
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Godwit//Reminder//EN", "BEGIN:VEVENT",
		"UID:x-export-" + day.Format("20060102") + "@" + s.base.Hostname(),
		"DTSTAMP:" + v.now.Format("20060102T150405Z"),
		"DTSTART;VALUE=DATE:" + day.Format("20060102"),
		"SUMMARY:" + icsText(v.say("export.ics.title").String()),
		"DESCRIPTION:" + icsText(v.say("export.ics.text", "address", address).String()),
		"URL:" + address,
		"END:VEVENT", "END:VCALENDAR", "",
	}
	v.w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="godwit-reminder.ics"`)
	_, err := fmt.Fprint(v.w, strings.Join(lines, "\r\n"))
	return ignoreGone(err)
}

// icsText escapes a text value, RFC 5545 section 3.3.11.
func icsText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}
