package bridge

import (
	"time"
)

// planSay are the English sentences of Estimates by their codes.
var planSay = map[string]string{
	"plan-nothing":     "You already follow all {n}. Nothing to do.",
	"plan-minutes":     "About {m} minutes.",
	"plan-later":       "Your server allows no more follows today. We start at {start} and need about {m} minutes.",
	"plan-today":       "Done today at about {time}.",
	"plan-at":          "Done {when}, or a little later.",
	"plan-tomorrow":    "Done tomorrow at about {time}. {server} allows {allowed} follows a day; we use {used} and leave {kept} for you. So {a} today, {b} tomorrow.",
	"plan-tonight":     "Done today at about {time}: your server's daily count starts again at {reset}.",
	"plan-days":        "Done around {date}: {used} a day for {days} days. You don't need to do anything; you can watch or pause at any time.",
	"plan-unknown":     "We don't know {server}'s limits yet, so we start slowly and give you a date after the first {sample}.",
	"plan-file":        "With the file: you upload it once on {server}; usually all are followed within an hour or two. Your server sets the speed.",
	"plan-file-faster": "Much faster with the file: one upload by you, then usually a few hours.",
	"plan-list":        "{server} takes the whole list from us at once. Usually done within an hour; we check afterwards who is missing.",
	"plan-list-slow":   "{server} takes lists from us. Many of them live on one server, which we go easy on: done {when}, or a little later. We check afterwards who is missing.",
	"plan-plain":       "{p} of them come from a plain list of addresses. Of such we follow {q} a day.",
	"plan-both":        "You can do both: take the file now, and let us check tomorrow and follow whoever is still missing.",
	"plan-requests":    "{r} of them approve followers by hand. We ask; they answer when they like.",
	"plan-limit":       "{server} lets an account follow at most {limit} people. You can add {n} more; choose which, or we take the most certain first.",
}

// listSlow is how long the handing over of lists may take before we say so.
const listSlow = 30 * time.Minute

// fileFaster is the size from which on the file takes hours rather than one or two.
const fileFaster = 1_000

// For returns the sentence of one of the Estimate's Channels, its times in zone.
func (e Estimate) For(c Channel, zone *time.Location) Sentence {
	code := e.backgroundCode(zone)
	switch {
	case c == List && e.Listed.Sub(e.PlannedAt) > listSlow:
		code = "plan-list-slow"
	case c == List:
		code = "plan-list"
	case c == File:
		code = "plan-file"
		if e.N > fileFaster {
			code = "plan-file-faster"
		}
	}
	v := e.values(zone)
	if c == List {
		v["when"] = value{at: roundUp(e.Listed).In(zone)}
	}
	return sentence(code, planSay[code], v, e.PlannedAt.In(zone))
}

// Notes returns what else is to be said of the plan: that there is nothing to
// do, that both ways can be taken, who has to approve, who is over the limit.
func (e Estimate) Notes(zone *time.Location) []Sentence {
	var notes []Sentence
	add := func(when bool, code string) {
		if when {
			notes = append(notes, e.say(code, zone))
		}
	}
	add(e.N == 0 && e.Left == 0, "plan-nothing")
	add(len(e.Channels) == 2 && e.Channels[0] == File, "plan-both")
	add(e.Locked > 0, "plan-requests")
	add(e.Plain > 0, "plan-plain")
	add(e.Left > 0, "plan-limit")
	return notes
}

func (e Estimate) say(code string, zone *time.Location) Sentence {
	return sentence(code, planSay[code], e.values(zone), e.PlannedAt.In(zone))
}

// backgroundCode finds the sentence by when it ends and why.
func (e Estimate) backgroundCode(zone *time.Location) string {
	ends := days(e.PlannedAt.In(zone), e.Finish.In(zone))
	waits := e.Start.After(e.PlannedAt)
	switch {
	case e.N == 0:
		return "plan-nothing"
	case e.Plain > 0:
		return "plan-at"
	case e.Unknown:
		return "plan-unknown"
	case e.PerDay > 0 && waits && len(e.Split) == 1:
		return "plan-later"
	case e.PerDay > 0 && (len(e.Split) > 2 || ends > 1):
		return "plan-days"
	case e.PerDay > 0 && len(e.Split) == 2 && ends == 1:
		return "plan-tomorrow"
	case e.PerDay > 0 && len(e.Split) == 2:
		return "plan-tonight"
	case e.Finish.Sub(e.Start) <= time.Hour:
		return "plan-minutes"
	case ends == 0:
		return "plan-today"
	}
	return "plan-at"
}

func (e Estimate) values(zone *time.Location) map[string]value {
	finish := roundUp(e.Finish).In(zone)
	v := map[string]value{
		"n":       number(e.N),
		"m":       number(e.Minutes()),
		"r":       number(e.Locked),
		"server":  {text: e.Server},
		"start":   {at: e.Start.In(zone), form: asTime},
		"time":    {at: finish, form: asTime},
		"when":    {at: finish},
		"date":    {at: finish, form: asDay},
		"reset":   {at: e.ResetsAt.In(zone), form: asTime},
		"allowed": number(e.DayLimit),
		"used":    number(e.PerDay),
		"kept":    number(e.DayLimit - e.PerDay),
		"days":    number(len(e.Split)),
		"limit":   number(e.Limit),
		"sample":  number(sampleFollows),
		"p":       number(e.Plain),
		"q":       number(e.PlainDay),
	}
	if e.N == 0 {
		v["n"] = number(e.Already)
	}
	if len(e.Split) == 2 {
		v["a"], v["b"] = number(e.Split[0]), number(e.Split[1])
	}
	return v
}

// Minutes is how long the following itself takes, rounded up to five.
func (e Estimate) Minutes() int {
	d := e.Finish.Sub(e.Start)
	return int((d+roundTo-1)/roundTo) * int(roundTo/time.Minute)
}

func roundUp(t time.Time) time.Time { return t.Add(roundTo - 1).Truncate(roundTo) }
