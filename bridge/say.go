package bridge

import (
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// outcomeSay are the English sentences of Outcomes by their codes. A page in
// another language has its own under the same code, with the same Args.
var outcomeSay = map[string]string{
	"outcome-waiting":         "Waiting its turn.",
	"outcome-canceled":        "You stopped before this account was followed.",
	"outcome-followed":        "Followed.",
	"outcome-requested":       "Asked on {date}. They approve followers by hand.",
	"outcome-requested-open":  "Asked on {date}. We look again at {time}.",
	"outcome-requested-long":  "Asked {n} days ago, no answer. Take the request back?",
	"outcome-own-ask":         "You had asked them before we did. They haven't answered yet.",
	"outcome-undone":          "Unfollowed again, as you wished.",
	"outcome-undone-request":  "The request was taken back, as you wished.",
	"outcome-undoing":         "Will be unfollowed.",
	"outcome-stays":           "{server} didn't take our unfollow of this account. Unfollow it there yourself, or undo again.",
	"outcome-already":         "You followed them already.",
	"outcome-moved":           "They moved to {new}; we followed that account instead.",
	"outcome-moved-claim":     "They say they moved to {new}, but {new} doesn't confirm it. Decide yourself.",
	"outcome-moved-nowhere":   "They say they moved, but the new account doesn't confirm it. Decide yourself.",
	"outcome-gone":            "This account doesn't exist any more.",
	"outcome-gone-server":     "The server {host} has been gone for {n} days.",
	"outcome-them":            "They don't accept your follow. That can be a block or their settings; we don't ask again.",
	"outcome-took-back":       "They declined your request.",
	"outcome-our-server":      "Your server {server} blocks {host}. Only its admins can change that.",
	"outcome-their-server":    "{host} doesn't accept follows from {server}.",
	"outcome-own-block":       "You block this account on {server}.",
	"outcome-self":            "This is your own account.",
	"outcome-deferred-day":    "Waiting until {time}: your server's daily limit.",
	"outcome-deferred-host":   "Waiting until {time}: {host} isn't answering. Try {k} of {n}.",
	"outcome-deferred-gone":   "Waiting until {time}: {host} says there is no such account. We ask once more before we believe it.",
	"outcome-deferred-gentle": "Waiting its turn: we ask {host} slowly, it is a small server.",
	"outcome-deferred-crowd":  "Waiting until {time}: very many people follow this account through us. We send 200 a day, in order.",
	"outcome-handed":          "In a list that {server} works on. We look at {time} whether it arrived.",
	"outcome-handed-stopped":  "It was in a list that {server} works on when you stopped, so it may be followed. Undo takes that back.",
	"outcome-deferred-plain":  "Waiting until {time}: of a plain list of addresses we follow 200 a day.",
	"outcome-unclear":         "{server} didn't say whether it worked. We look again at {time}.",
	"outcome-gave-up":         "It didn't work in {n} tries. Nobody was followed by mistake; you can have it tried again.",
	"outcome-mismatch":        "{server} knows somebody else under this name, so we didn't follow. Look at the account yourself.",
}

// Say returns the sentence for where a job stands: the code of the page's
// message, its values, and the sentence in English. Instants are written in
// the zone of now; among the values "time" and "date" are RFC 3339.
func Say(job social.FollowJob, homeHost string, now time.Time) (code string, args map[string]string, english string) {
	code = outcomeCode(job, now)
	s := sentence(code, outcomeSay[code], values(job, homeHost, now), now)
	return s.Code, s.Args, s.English
}

// Sentence is one sentence for a person.
type Sentence struct {
	Code    string
	Args    map[string]string // instants in RFC 3339
	English string
}

// sentence fills the values that its English text names.
func sentence(code, text string, v map[string]value, now time.Time) Sentence {
	args, words := map[string]string{}, map[string]string{}
	for _, name := range placeholders(text) {
		x := v[name]
		args[name], words[name] = x.raw(), x.say(now)
	}
	return Sentence{Code: code, Args: args, English: fault.Fill(text, words)}
}

// value is a word, or an instant written as a day, as a time of day, or as a
// time with its day where that is not today.
type value struct {
	text string
	at   time.Time
	form string
}

// The forms of an instant; the zero one is a time with its day.
const (
	asDay  = "2 January"
	asTime = "15:04"
)

func number(n int) value { return value{text: strconv.Itoa(n)} }

func (v value) raw() string {
	if v.at.IsZero() {
		return v.text
	}
	return v.at.Format(time.RFC3339)
}

func (v value) say(now time.Time) string {
	switch {
	case v.at.IsZero():
		return v.text
	case v.form != "":
		return v.at.Format(v.form)
	}
	return clock(v.at, now)
}

// clock writes an instant as the time of day, with the day when it is another
// than that of now.
func clock(t, now time.Time) string {
	switch days(now, t) {
	case 0:
		return t.Format("15:04")
	case 1:
		return "tomorrow " + t.Format("15:04")
	}
	return t.Format("2 January 15:04")
}

// days is how many midnights lie between two instants of one zone.
func days(from, to time.Time) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(to).Sub(date(from)) / day)
}

func values(job social.FollowJob, homeHost string, now time.Time) map[string]value {
	zone := now.Location()
	tries := maxEmpty
	if job.Reason == social.ReasonGaveUp {
		tries = max(job.Attempts, job.Empty, job.Checks)
	}
	v := map[string]value{
		"server": {text: homeHost},
		"host":   {text: wanted(job).Host()},
		"new":    {text: "@" + job.NewHandle.String()},
		"time":   {at: job.DueAt.In(zone)},
		"date":   {at: job.AskedAt.In(zone), form: asDay},
		"k":      number(job.Empty),
		"n":      number(tries),
	}
	switch {
	case job.Outcome == social.Requested:
		v["n"] = number(days(job.AskedAt.In(zone), now))
	case job.Reason == social.ReasonGoneServer: // it was silent for two days before we said so
		v["n"] = number(2 + max(0, days(job.UpdatedAt.In(zone), now)))
	}
	return v
}

func placeholders(sentence string) []string {
	var names []string
	for i := 0; i < len(sentence); i++ {
		if sentence[i] != '{' {
			continue
		}
		j := i + 1
		for sentence[j] != '}' {
			j++
		}
		names = append(names, sentence[i+1:j])
		i = j
	}
	return names
}

func outcomeCode(job social.FollowJob, now time.Time) string {
	switch job.State {
	case social.JobCanceled:
		if job.Reason == social.ReasonHanded {
			return "outcome-handed-stopped"
		}
		return "outcome-canceled"
	case social.JobUndoing:
		return "outcome-undoing"
	case social.JobPlanned:
		if job.Outcome == social.NoOutcome {
			return "outcome-waiting"
		}
	}
	if job.Reason == social.ReasonStays {
		return "outcome-stays"
	}
	switch job.Outcome {
	case social.Undone:
		if job.Reason == social.ReasonRequest {
			return "outcome-undone-request"
		}
	case social.Requested:
		return requestedCode(job, now)
	case social.Moved:
		return movedCode(job)
	case social.Deferred:
		return deferredCode(job)
	case social.Gone, social.Declined:
		return "outcome-" + string(job.Reason)
	}
	return "outcome-" + string(job.Outcome)
}

func requestedCode(job social.FollowJob, now time.Time) string {
	switch {
	case job.Reason == social.ReasonOwnAsk:
		return "outcome-own-ask"
	case now.Sub(job.AskedAt) >= requestAge:
		return "outcome-requested-long"
	case job.Locked || job.State == social.JobDone:
		return "outcome-requested"
	}
	return "outcome-requested-open"
}

func movedCode(job social.FollowJob) string {
	switch {
	case job.Reason == social.ReasonMoved:
		return "outcome-moved"
	case job.NewHandle.IsZero():
		return "outcome-moved-nowhere"
	}
	return "outcome-moved-claim"
}

var deferredCodes = map[social.Reason]string{
	social.ReasonDay:      "outcome-deferred-day",
	social.ReasonHost:     "outcome-deferred-host",
	social.ReasonGone:     "outcome-deferred-gone",
	social.ReasonGentle:   "outcome-deferred-gentle",
	social.ReasonCrowd:    "outcome-deferred-crowd",
	social.ReasonHanded:   "outcome-handed",
	social.ReasonPlain:    "outcome-deferred-plain",
	social.ReasonUnclear:  "outcome-unclear",
	social.ReasonGaveUp:   "outcome-gave-up",
	social.ReasonMismatch: "outcome-mismatch",
}

func deferredCode(job social.FollowJob) string {
	if code, ok := deferredCodes[job.Reason]; ok {
		return code
	}
	return "outcome-waiting"
}
