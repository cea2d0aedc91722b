package bridge

import (
	"time"

	"godwit/internal/social"
)

// mirrorSay are the English sentences of a Mirror by their codes.
var mirrorSay = map[string]string{
	"mirror-planned":      "Waiting its turn.",
	"mirror-canceled":     "You stopped before this was carried over.",
	"mirror-sent":         "Carried over.",
	"mirror-torn":         "Carried over, as a thread of its own: the post that it answers isn't there any more.",
	"mirror-unclear":      "We don't know yet whether this one was posted. We look before trying again, so it can't appear twice.",
	"mirror-lost":         "We couldn't find out whether this one was posted, so we don't try again by ourselves. Look on {server}, then decide.",
	"mirror-busy":         "Waiting: {server} is still working on a picture or video.",
	"mirror-gave-up":      "Not carried over: it didn't work in {n} tries. You can have it tried again.",
	"mirror-refused":      "Not carried over: {server} doesn't take this post.",
	"mirror-file-refused": "Not carried over: {server} refused the picture. Post it without the picture?",
	"mirror-file-absent":  "Not carried over: the export no longer holds the picture. Post it without the picture?",
	"mirror-too-long":     "Too long for {server}, which takes less than it said. We split it anew before we go on.",
	"mirror-too-open":     "{server} showed this to more people than you chose, so we deleted it at once.",
	"mirror-pinged":       "{server} took a name for a mention, so we deleted this at once.",
	"mirror-not-dated":    "{server} didn't keep the date, so we deleted this at once.",
	"mirror-exposed":      "This isn't as you chose. We are deleting it.",
	"mirror-undoing":      "Will be deleted.",
	"mirror-deleted":      "Deleted again, as you wished.",
	"mirror-vanished":     "It wasn't there any more.",
	"mirror-not-ours":     "Left alone: under its address on {server} stands something that Godwit didn't post.",
	"mirror-changed":      "Left alone: you edited it on {server}. Delete it there yourself if you want it gone.",
	"mirror-stays":        "{server} didn't delete it. Delete it there yourself, or undo again.",

	"mirror-nothing":        "Nothing to carry over.",
	"mirror-estimate":       "{n} posts with {m} files: done around {time}.",
	"mirror-estimate-media": "{n} posts with {m} files: done around {time}. {server} takes {limit} files every half hour, and most of that stays yours.",
	"mirror-estimate-posts": "{n} posts with {m} files: done around {time}. {server} takes {limit} posts every three hours, and most of that stays yours.",
	"mirror-undo-time":      "Delete the {n} posts that Godwit made. Your server allows {limit} deletions every half hour, so this is done around {time}. Posts you wrote yourself stay.",

	"left-private":   "Left out: not everybody could read it.",
	"left-protected": "Left out: your account was protected. Do you want to carry its posts over for followers only?",
	"left-reply":     "Left out: it answers somebody else.",
	"left-repost":    "Left out: it is a repost.",
	"left-quote":     "Left out: it quotes somebody else's post.",
	"left-sensitive": "Left out: it is marked as sensitive.",
	"left-community": "Left out: it was written for a community.",
	"left-date":      "Left out: it isn't from the time that you chose.",
	"left-word":      "Left out: it holds a word that you don't want.",
	"left-filter":    "Left out: it isn't among those that you chose.",
	"left-empty":     "Left out: nothing of it is left to show.",
	"left-there":     "Left out: it was carried over before.",
	"left-broken":    "Left out: the export is damaged here.",
	"left-late":      "Left out: it was days old when we saw it first.",
	"left-skipped":   "Left out: carrying over was paused or stopped before its turn.",

	"note-split":      "Too long for {server} ({limit}): becomes {k} posts in a thread.",
	"note-cut":        "The export has only the beginning of it; the rest is linked.",
	"note-torn":       "The post that it answers isn't carried over, so it begins a thread and says so.",
	"note-no-alt":     "A picture has no description.",
	"note-alt-cut":    "A description is longer than {server} takes; its end is left out.",
	"note-shrink":     "A picture is made smaller, since {server} doesn't take it as it is.",
	"note-file-link":  "{server} doesn't take a file of it; it is linked instead.",
	"note-absent":     "The export doesn't hold a file of it.",
	"note-follow-up":  "More files than one post takes: the rest follows in a further one.",
	"note-long-link":  "A link is too long for {server}; only its beginning stands.",
	"note-sensitive":  "It is marked as sensitive.",
	"note-warned":     "One of your rules puts a warning before it.",
	"note-no-time":    "The export tells the day only, not the time.",
	"note-poll":       "The poll is shown with its result.",
	"note-handle":     "Somebody is named with their new address. They aren't notified.",
	"note-quote-link": "The quoted post is linked.",
}

// SayStatus returns the sentence for where a row of the ledger stands.
func SayStatus(job social.StatusJob, server string) Sentence {
	code := statusCode(job)
	return sentence(code, mirrorSay[code], map[string]value{"server": {text: server}, "n": number(max(job.Attempts, maxAttempts))}, job.UpdatedAt)
}

func statusCode(job social.StatusJob) string {
	switch job.State {
	case social.StatusSending, social.StatusUnknown:
		return "mirror-unclear"
	case social.StatusExposed:
		return "mirror-exposed"
	case social.StatusUndoing:
		return "mirror-undoing"
	case social.StatusCanceled:
		return "mirror-canceled"
	case social.StatusFailed:
		if job.Reason == social.MirrorUnclear {
			return "mirror-lost"
		}
	case social.StatusPlanned:
		if job.Reason == social.MirrorTorn {
			return "mirror-planned"
		}
	}
	if job.Reason == social.MirrorFine {
		return "mirror-" + string(job.State)
	}
	return "mirror-" + string(job.Reason)
}

// SayLeft returns the sentence for why a Post is left out.
func SayLeft(why Left) Sentence {
	code := "left-" + string(why)
	return sentence(code, mirrorSay[code], nil, time.Time{})
}

// SayNotes returns the sentences for what is to be known of a rendered Post.
func SayNotes(r Rendered, l Limits, server string) (all []Sentence) {
	v := map[string]value{"server": {text: server}, "limit": number(l.Characters), "k": number(len(r.Drafts))}
	for _, n := range r.Notes {
		code := "note-" + string(n)
		all = append(all, sentence(code, mirrorSay[code], v, time.Time{}))
	}
	return all
}

// Say returns the sentence for how long a plan takes and why.
func (p MirrorPlan) Say() Sentence {
	code, limit := "mirror-estimate", 0
	switch {
	case len(p.Steps) == 0:
		code = "mirror-nothing"
	case p.Holds == social.MediaFamily:
		code, limit = "mirror-estimate-media", mastodonMedia
	case p.Holds == social.StatusesFamily:
		code, limit = "mirror-estimate-posts", mastodonStatuses
	}
	v := map[string]value{"n": number(len(p.Steps)), "m": number(p.Files), "server": {text: p.Server}, "limit": number(limit), "time": {at: p.Finish}}
	return sentence(code, mirrorSay[code], v, p.Start)
}

// SayUndo returns the sentence that asks before n posts are deleted again.
func SayUndo(n int, now time.Time) Sentence {
	windows := time.Duration((n + mastodonMedia - headRoom/3 - 1) / (mastodonMedia - headRoom/3))
	v := map[string]value{"n": number(n), "limit": number(mastodonMedia), "time": {at: now.Add(windows * mediaWindow)}}
	return sentence("mirror-undo-time", mirrorSay["mirror-undo-time"], v, now)
}
