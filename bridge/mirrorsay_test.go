package bridge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// Every state and reason, every Left and Note has its sentence, with all its
// values filled in.
func TestMirrorSentences(t *testing.T) {
	states := []social.StatusState{social.StatusPlanned, social.StatusSending, social.StatusUnknown, social.StatusSent, social.StatusFailed, social.StatusCanceled, social.StatusExposed, social.StatusUndoing, social.StatusDeleted}
	reasons := []social.MirrorReason{social.MirrorUnclear, social.MirrorBusy, social.MirrorGaveUp, social.MirrorRefused, social.MirrorFileRefused, social.MirrorFileAbsent, social.MirrorTooLong, social.MirrorTooOpen, social.MirrorPinged, social.MirrorNotDated, social.MirrorTorn, social.MirrorVanished, social.MirrorNotOurs, social.MirrorChanged, social.MirrorStays}
	said := map[string]bool{}
	check := func(s Sentence) {
		t.Helper()
		said[s.Code] = true
		if s.English == "" || strings.ContainsAny(s.English, "{}") {
			t.Errorf("%s: %q", s.Code, s.English)
		}
	}
	for _, state := range states {
		if state != social.StatusFailed {
			check(SayStatus(social.StatusJob{State: state}, "home.test"))
		}
		for _, why := range reasons {
			check(SayStatus(social.StatusJob{State: state, Reason: why}, "home.test"))
		}
	}
	for _, why := range []Left{LeftPrivate, LeftProtected, LeftReply, LeftRepost, LeftQuote, LeftSensitive, LeftCommunity, LeftDate, LeftWord, LeftFilter, LeftThere, LeftEmpty, LeftBroken, LeftLate, LeftSkipped} {
		check(SayLeft(why))
	}
	notes := []Note{NoteSplit, NoteCut, NoteTorn, NoteNoAlt, NoteAltCut, NoteShrink, NoteFileLink, NoteAbsent, NoteFollowUp, NoteLongLink, NoteSensitive, NoteWarned, NoteDateless, NotePoll, NoteHandles, NoteNoQuote}
	for _, s := range SayNotes(Rendered{Notes: notes}, Limits{}, "home.test") {
		check(s)
	}
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, f := range []social.Family{"", social.MediaFamily, social.StatusesFamily} {
		check(MirrorPlan{Steps: make([]Step, 2), Holds: f, Start: start, Finish: start.Add(50 * time.Hour), Server: "home.test"}.Say())
	}
	check(MirrorPlan{}.Say())
	check(SayUndo(1_000, start))
	for code := range mirrorSay {
		if !said[code] {
			t.Errorf("nothing says %s", code)
		}
	}
}

func TestMirrorEstimates(t *testing.T) {
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		lasts      time.Duration
		args, want string
	}{
		{time.Hour, "2026-03-01T09:00:00Z", "1 posts with 0 files: done around 09:00."},
		{50 * time.Hour, "2026-03-03T10:00:00Z", "1 posts with 0 files: done around 3 March 10:00."},
	} {
		if s := (MirrorPlan{Steps: make([]Step, 1), Start: start, Finish: start.Add(c.lasts)}).Say(); s.Args["time"] != c.args || s.English != c.want {
			t.Errorf("%v: %v %s", c.lasts, s.Args, s.English)
		}
	}
	if got := SayUndo(1_000, start).Args["time"]; got != "2026-03-02T03:00:00Z" {
		t.Errorf("undo of 1,000 is done at %s", got)
	}
	if !slices.Equal(DefaultRules("zh-Hans").WithTags, nil) || DefaultRules("zh-Hans").Words.DateAs != "2006年1月2日" || DefaultRules("fr").Words.DateAs != "2 January 2006" {
		t.Error("default rules")
	}
}
