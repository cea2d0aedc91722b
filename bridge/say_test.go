package bridge

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestSayTheTableOfOutcomes writes every sentence of the progress page. The
// person lives in UTC+8.
func TestSayTheTableOfOutcomes(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*3600)
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, zone)
	to := handle(t, "alice@new.test")
	job := func(state social.JobState, o social.Outcome, r social.Reason, change func(*social.FollowJob)) social.FollowJob {
		j := social.FollowJob{Handle: handle(t, "alice@there.test"), State: state, Outcome: o, Reason: r,
			AskedAt: now.Add(-time.Hour).UTC(), DueAt: now.Add(70 * time.Minute).UTC(), UpdatedAt: now.Add(-5 * day).UTC()}
		if change != nil {
			change(&j)
		}
		return j
	}
	done, waits := social.JobDone, social.JobPlanned
	for _, c := range []struct {
		job  social.FollowJob
		code string
		say  string
	}{
		{job(waits, "", "", nil), "outcome-waiting", "Waiting its turn."},
		{job(social.JobCanceled, "", "", nil), "outcome-canceled", "You stopped before this account was followed."},
		{job(done, social.Followed, "", nil), "outcome-followed", "Followed."},
		{job(social.JobAsked, social.Requested, "", func(j *social.FollowJob) { j.Locked = true }), "outcome-requested", "Asked on 24 November. They approve followers by hand."},
		{job(social.JobAsked, social.Requested, "", nil), "outcome-requested-open", "Asked on 24 November. We look again at 10:10."},
		{job(done, social.Requested, "", func(j *social.FollowJob) { j.AskedAt = now.Add(-31 * day) }), "outcome-requested-long", "Asked 31 days ago, no answer. Take the request back?"},
		{job(done, social.Already, "", nil), "outcome-already", "You followed them already."},
		{job(done, social.Moved, social.ReasonMoved, func(j *social.FollowJob) { j.NewHandle = to }), "outcome-moved", "They moved to @alice@new.test; we followed that account instead."},
		{job(done, social.Moved, social.ReasonMovedClaim, func(j *social.FollowJob) { j.NewHandle = to }), "outcome-moved-claim", "They say they moved to @alice@new.test, but @alice@new.test doesn't confirm it. Decide yourself."},
		{job(done, social.Moved, social.ReasonMovedClaim, nil), "outcome-moved-nowhere", "They say they moved, but the new account doesn't confirm it. Decide yourself."},
		{job(done, social.Gone, social.ReasonGone, nil), "outcome-gone", "This account doesn't exist any more."},
		{job(done, social.Gone, social.ReasonGoneServer, nil), "outcome-gone-server", "The server there.test has been gone for 7 days."},
		{job(done, social.Declined, social.ReasonThem, nil), "outcome-them", "They don't accept your follow. That can be a block or their settings; we don't ask again."},
		{job(done, social.Declined, social.ReasonTookBack, nil), "outcome-took-back", "They declined your request."},
		{job(done, social.Declined, social.ReasonOurServer, nil), "outcome-our-server", "Your server home.test blocks there.test. Only its admins can change that."},
		{job(done, social.Declined, social.ReasonTheirServer, nil), "outcome-their-server", "there.test doesn't accept follows from home.test."},
		{job(done, social.Declined, social.ReasonOwnBlock, nil), "outcome-own-block", "You block this account on home.test."},
		{job(done, social.Declined, social.ReasonSelf, nil), "outcome-self", "This is your own account."},
		{job(waits, social.Deferred, social.ReasonDay, func(j *social.FollowJob) { j.DueAt = now.Add(day) }), "outcome-deferred-day", "Waiting until tomorrow 09:00: your server's daily limit."},
		{job(waits, social.Deferred, social.ReasonHost, func(j *social.FollowJob) { j.Empty = 2 }), "outcome-deferred-host", "Waiting until 10:10: there.test isn't answering. Try 2 of 6."},
		{job(waits, social.Deferred, social.ReasonGone, nil), "outcome-deferred-gone", "Waiting until 10:10: there.test says there is no such account. We ask once more before we believe it."},
		{job(waits, social.Deferred, social.ReasonGentle, nil), "outcome-deferred-gentle", "Waiting its turn: we ask there.test slowly, it is a small server."},
		{job(waits, social.Deferred, social.ReasonCrowd, func(j *social.FollowJob) { j.DueAt = now.Add(day) }), "outcome-deferred-crowd", "Waiting until tomorrow 09:00: very many people follow this account through us. We send 200 a day, in order."},
		{job(waits, social.Deferred, social.ReasonUnclear, func(j *social.FollowJob) { j.DueAt = now.Add(9 * day) }), "outcome-unclear", "home.test didn't say whether it worked. We look again at 3 December 09:00."},
		{job(done, social.Deferred, social.ReasonGaveUp, func(j *social.FollowJob) { j.Attempts = 5 }), "outcome-gave-up", "It didn't work in 5 tries. Nobody was followed by mistake; you can have it tried again."},
		{job(done, social.Deferred, social.ReasonMismatch, nil), "outcome-mismatch", "home.test knows somebody else under this name, so we didn't follow. Look at the account yourself."},
	} {
		t.Run(c.code, func(t *testing.T) {
			code, args, english := Say(c.job, "home.test", now)
			if code != c.code || english != c.say {
				t.Errorf("%s: %q\nwant %s: %q", code, english, c.code, c.say)
			}
			for name, value := range args {
				if value == "" || strings.Contains(english, "{") {
					t.Errorf("%s has no value in %v", name, args)
				}
			}
		})
	}
}

// TestSayArgsAreForOtherLanguages gives instants to a translator as instants.
func TestSayArgsAreForOtherLanguages(t *testing.T) {
	job := planned(t)
	job.Outcome, job.Reason, job.Empty, job.DueAt = social.Deferred, social.ReasonHost, 3, monday
	_, args, _ := Say(job, "home.test", monday)
	want := map[string]string{"time": "2026-11-23T09:00:00Z", "host": "there.test", "k": "3", "n": "6"}
	for name, value := range want {
		if args[name] != value {
			t.Errorf("%s is %q, want %q", name, args[name], value)
		}
	}
	if len(args) != len(want) {
		t.Errorf("args %v", args)
	}
}

// TestEverySentenceHasItsValues fills all sentences of both tables.
func TestEverySentenceHasItsValues(t *testing.T) {
	e := Plan(home(t, social.Mastodon), nil, Wish{N: 600, Locked: 3}, monday)
	for code, text := range planSay {
		s := e.say(code, time.UTC)
		if strings.ContainsAny(s.English, "{}") || len(s.Args) != len(placeholders(text)) {
			t.Errorf("%s: %q", code, s.English)
		}
	}
	v := values(planned(t), "home.test", monday)
	for code, text := range outcomeSay {
		for _, name := range placeholders(text) {
			if _, known := v[name]; !known {
				t.Errorf("%s names %s, which has no value", code, name)
			}
		}
	}
}
