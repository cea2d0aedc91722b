package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// script is a Server and Mover that answers what a test wrote down.
type script struct {
	found      social.RemoteAccount
	findErr    error
	rel        social.Relationship // of Follow
	followErr  error
	unfollowed social.Relationship // of Unfollow
	unErr      error
	before     social.Relationship // of Relationships
	relErr     error
	res        social.Resolution
	lookErr    error
	movedTo    social.Handle
	moveErr    error
	calls      string // one letter a call: f u s r l m
}

func (s *script) Find(context.Context, social.Handle, string) (social.RemoteAccount, error) {
	s.calls += "s"
	return s.found, s.findErr
}

func (s *script) Follow(context.Context, social.RemoteID) (social.Relationship, error) {
	s.calls += "f"
	return s.rel, s.followErr
}

func (s *script) Unfollow(context.Context, social.RemoteID) (social.Relationship, error) {
	s.calls += "u"
	return s.unfollowed, s.unErr
}

func (s *script) Relationships(_ context.Context, ids []social.RemoteID) ([]social.Relationship, error) {
	s.calls += "r"
	rel := s.before
	rel.ID = ids[0]
	return []social.Relationship{rel}, s.relErr
}

func (s *script) LookUp(context.Context, social.Handle) (social.Resolution, error) {
	s.calls += "l"
	return s.res, s.lookErr
}

func (s *script) ConfirmMove(context.Context, string, string) (social.Handle, error) {
	s.calls += "m"
	return s.movedTo, s.moveErr
}

const actor = "https://there.test/users/alice"

func planned(t testing.TB) social.FollowJob {
	return social.FollowJob{ID: 1, Handle: handle(t, "alice@there.test"), ActorID: actor, State: social.JobPlanned, DueAt: monday, UpdatedAt: monday.Add(-day)}
}

var alice = social.RemoteAccount{ID: "42", Acct: "alice@there.test", URI: actor}

var (
	followed = social.Relationship{ID: "42", Following: true}
	asked    = social.Relationship{ID: "42", Requested: true}
	errWait  = fault.WaitUntil(monday.Add(time.Hour), "slow-down", "Slower.")
	errToken = fault.New(fault.Paused, "permission-lost", "No permission.")
	errSelf  = fault.New(fault.Gone, "self", "Oneself.")
	errOther = fault.New(fault.Gone, "mismatch", "Somebody else.")
	errMove  = fault.New(fault.Denied, "move-unconfirmed", "Not confirmed.")
	errWeird = fault.New(fault.Broken, "malformed", "No sense.")
	errFull  = fault.New(fault.Paused, "follow-limit", "Full.")
)

// TestSendFinds is the first step of a job, by what the home server answers.
func TestSendFinds(t *testing.T) {
	to := handle(t, "alice@new.test")
	moved := alice
	moved.Moved = &social.RemoteAccount{ID: "43", Acct: "alice@new.test", URI: "https://new.test/users/alice"}
	stranger := social.RemoteAccount{ID: "44", Acct: "alicia@there.test", URI: "https://there.test/users/alicia"}
	reborn := social.RemoteAccount{ID: "45", Acct: "alice@there.test", URI: "https://there.test/users/alice2"}
	noURI := social.RemoteAccount{ID: "42", Acct: "Alice@there.test"}
	for _, c := range []struct {
		name    string
		s       script
		state   social.JobState
		outcome social.Outcome
		reason  social.Reason
		due     time.Duration
		calls   string
		err     error
	}{
		{"found", script{found: alice}, social.JobPlanned, "", "", 0, "s", nil},
		{"found without an actor id", script{found: noURI}, social.JobPlanned, "", "", 0, "s", nil},
		{"somebody else", script{found: stranger}, social.JobDone, social.Deferred, social.ReasonMismatch, 0, "s", nil},
		{"the name has a new owner", script{found: reborn}, social.JobDone, social.Deferred, social.ReasonMismatch, 0, "s", nil},
		{"the door saw somebody else", script{findErr: errOther}, social.JobDone, social.Deferred, social.ReasonMismatch, 0, "s", nil},
		{"oneself", script{found: social.RemoteAccount{ID: "1", Acct: "me", URI: actor}}, social.JobDone, social.Declined, social.ReasonSelf, 0, "s", nil},
		{"nobody yet", script{findErr: errNone}, social.JobPlanned, social.Deferred, social.ReasonHost, 30 * time.Minute, "s", nil},
		{"moved", script{found: moved, movedTo: to}, social.JobPlanned, "", "", 0, "sm", nil},
		{"moved, unconfirmed", script{found: moved, moveErr: errMove}, social.JobDone, social.Moved, social.ReasonMovedClaim, 0, "sm", nil},
		{"moved, no answer", script{found: moved, moveErr: errDown}, social.JobPlanned, social.Deferred, social.ReasonHost, 30 * time.Minute, "sm", nil},
		{"moved, their server is busy", script{found: moved, moveErr: errWait}, social.JobPlanned, social.Deferred, social.ReasonHost, time.Hour, "sm", nil},
		{"429", script{findErr: errWait}, social.JobPlanned, "", "", 0, "s", errWait},
		{"token revoked", script{findErr: errToken}, social.JobPlanned, "", "", 0, "s", errToken},
		{"nonsense", script{findErr: errWeird}, social.JobPlanned, social.Deferred, social.ReasonUnclear, 30 * time.Second, "s", errWeird},
	} {
		t.Run(c.name, func(t *testing.T) {
			job, err := Send(t.Context(), &c.s, &c.s, home(t, social.Mastodon), planned(t), monday)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			check(t, job, c.state, c.outcome, c.reason, c.due)
			if c.s.calls != c.calls {
				t.Errorf("calls %q, want %q", c.s.calls, c.calls)
			}
			if c.err != nil && c.err != error(errWeird) && job != planned(t) {
				t.Errorf("something was burned: %+v", job)
			}
		})
	}
}

func check(t *testing.T, job social.FollowJob, state social.JobState, o social.Outcome, r social.Reason, due time.Duration) {
	t.Helper()
	if job.State != state || job.Outcome != o || job.Reason != r {
		t.Errorf("job is %s %s/%s, want %s %s/%s", job.State, job.Outcome, job.Reason, state, o, r)
	}
	if state != social.JobDone && job.DueAt.Sub(monday) != due {
		t.Errorf("due after %v, want %v", job.DueAt.Sub(monday), due)
	}
}

// TestSendFollows is the second step, by what the home server answers.
func TestSendFollows(t *testing.T) {
	blocked := social.Relationship{BlockedBy: true}
	renumbered := alice
	renumbered.ID = "4200"
	own := social.Relationship{Blocking: true}
	for _, c := range []struct {
		name    string
		s       script
		tried   int
		state   social.JobState
		outcome social.Outcome
		reason  social.Reason
		due     time.Duration
		calls   string
		err     error
	}{
		{"following", script{rel: followed}, 0, social.JobAsked, social.Followed, "", firstCheck, "f", nil},
		{"requested", script{rel: asked}, 0, social.JobAsked, social.Requested, "", firstCheck, "f", nil},
		{"neither", script{}, 0, social.JobAsked, social.Deferred, social.ReasonUnclear, firstCheck, "f", nil},
		{"cut before, done", script{before: followed}, 1, social.JobAsked, social.Followed, "", firstCheck, "r", nil},
		{"cut before, requested", script{before: asked}, 1, social.JobAsked, social.Requested, "", firstCheck, "r", nil},
		{"cut before, not done", script{rel: followed}, 1, social.JobAsked, social.Followed, "", firstCheck, "rf", nil},
		{"cut before, then 429 on the read-back", script{relErr: errWait}, 1, social.JobPlanned, "", "", 0, "r", errWait},
		{"cut", script{followErr: errDown}, 0, social.JobPlanned, social.Deferred, social.ReasonUnclear, 30 * time.Second, "f", errDown},
		{"cut the fifth time", script{followErr: errDown}, 4, social.JobDone, social.Deferred, social.ReasonGaveUp, 0, "rf", errDown},
		{"crashed five times", script{}, 5, social.JobDone, social.Deferred, social.ReasonGaveUp, 0, "", nil},
		{"they block", script{followErr: errThem, before: blocked}, 0, social.JobDone, social.Declined, social.ReasonThem, 0, "fr", nil},
		{"refused for no reason", script{followErr: errThem}, 0, social.JobDone, social.Declined, social.ReasonThem, 0, "fr", nil},
		{"we block", script{followErr: errThem, before: own}, 0, social.JobDone, social.Declined, social.ReasonOwnBlock, 0, "fr", nil},
		{"self", script{followErr: errSelf}, 0, social.JobDone, social.Declined, social.ReasonSelf, 0, "f", nil},
		{"404 of a block", script{followErr: errGone, res: social.Resolution{State: social.Found}, found: alice}, 0, social.JobDone, social.Declined, social.ReasonThem, 0, "frls", nil},
		{"404 of a block that hides the account", script{followErr: errGone, res: social.Resolution{State: social.Found}, findErr: errNone}, 0, social.JobDone, social.Declined, social.ReasonThem, 0, "frls", nil},
		{"404 of an id that is old", script{followErr: errGone, res: social.Resolution{State: social.Found}, found: renumbered}, 0, social.JobPlanned, "", "", 0, "frls", nil},
		{"404, and the search has to wait", script{followErr: errGone, res: social.Resolution{State: social.Found}, findErr: errWait}, 0, social.JobPlanned, "", "", 0, "frls", errWait},
		{"410", script{followErr: errGone, res: social.Resolution{State: social.GoneForGood}}, 0, social.JobDone, social.Gone, social.ReasonGone, 0, "frl", nil},
		{"404 once", script{followErr: errGone, res: social.Resolution{State: social.Missing}}, 0, social.JobPlanned, social.Deferred, social.ReasonGone, day, "frl", nil},
		{"404, their server is ill", script{followErr: errGone, res: social.Resolution{State: social.Ill}}, 0, social.JobPlanned, social.Deferred, social.ReasonHost, 30 * time.Minute, "frl", nil},
		{"429", script{followErr: errWait}, 0, social.JobPlanned, "", "", 0, "f", errWait},
		{"follow limit", script{followErr: errFull}, 0, social.JobPlanned, "", "", 0, "f", errFull},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := planned(t)
			job.RemoteID, job.Attempts = "42", c.tried
			job, err := Send(t.Context(), &c.s, &c.s, home(t, social.Mastodon), job, monday)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			check(t, job, c.state, c.outcome, c.reason, c.due)
			if c.s.calls != c.calls {
				t.Errorf("calls %q, want %q", c.s.calls, c.calls)
			}
		})
	}
}

// TestENG09RefusalIsForGood makes refused jobs due again, as a careless "retry
// all" might: nobody is asked.
func TestENG09RefusalIsForGood(t *testing.T) {
	for _, reason := range []social.Reason{social.ReasonThem, social.ReasonTookBack, social.ReasonOwnBlock} {
		job := planned(t)
		job.RemoteID, job.Outcome, job.Reason = "42", social.Declined, reason
		s := &script{rel: followed}
		job, err := Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
		if err != nil || s.calls != "" || job.State != social.JobDone || job.Reason != reason {
			t.Errorf("calls %q, job %s %s, error %v", s.calls, job.State, job.Reason, err)
		}
	}
}

// TestOwnAccountIsNeverAsked knows oneself by the handle alone.
func TestOwnAccountIsNeverAsked(t *testing.T) {
	job := planned(t)
	job.Handle = handle(t, "ME@home.test")
	s := &script{}
	job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
	if s.calls != "" || job.Reason != social.ReasonSelf {
		t.Errorf("calls %q, reason %s", s.calls, job.Reason)
	}
}

// TestENG08GoneNeedsTwoAnswers walks an account through empty searches while
// its own server says what it says.
func TestENG08GoneNeedsTwoAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		says    social.ResolutionState
		outcome social.Outcome
		reason  social.Reason
		tries   int
		looks   int
		least   time.Duration
	}{
		{"no such account", social.Missing, social.Gone, social.ReasonGone, 6, 2, 48 * time.Hour},
		{"gone for good", social.GoneForGood, social.Gone, social.ReasonGone, 5, 1, 24 * time.Hour},
		{"no answer", social.Ill, social.Gone, social.ReasonGoneServer, 6, 2, 48 * time.Hour},
		{"it is there", social.Found, social.Deferred, social.ReasonGaveUp, 6, 2, 48 * time.Hour},
		{"an alias of somebody else", social.Unconfirmed, social.Deferred, social.ReasonMismatch, 6, 2, 48 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{findErr: errNone, res: social.Resolution{State: c.says}}
			job, now, tries := planned(t), monday, 0
			for job.State == social.JobPlanned && tries < 20 {
				now = job.DueAt
				job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, now)
				tries++
			}
			if job.Outcome != c.outcome || job.Reason != c.reason {
				t.Errorf("ended %s/%s", job.Outcome, job.Reason)
			}
			looks := len(s.calls) - tries
			if tries != c.tries || looks != c.looks || now.Sub(monday) < c.least {
				t.Errorf("%d tries, %d looks in %v; calls %s", tries, looks, now.Sub(monday), s.calls)
			}
		})
	}
}

// TestENG08ImpatientRetriesProveNothing asks again at once, again and again:
// two answers "no such account" within a day are one.
func TestENG08ImpatientRetriesProveNothing(t *testing.T) {
	s := &script{findErr: errNone, res: social.Resolution{State: social.Missing}}
	job := planned(t)
	for i := range 20 {
		job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, monday.Add(time.Duration(i)*time.Hour/2))
	}
	if job.State != social.JobPlanned || job.Outcome != social.Deferred {
		t.Errorf("after twenty tries in ten hours it is %s %s", job.State, job.Outcome)
	}
}

// TestENG07FiveAttemptsOverADay fails always and counts.
func TestENG07FiveAttemptsOverADay(t *testing.T) {
	s := &script{followErr: errDown}
	job, now, tries := planned(t), monday, 0
	job.RemoteID = "42"
	for job.State == social.JobPlanned && tries < 20 {
		now = job.DueAt
		job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, now)
		tries++
	}
	if tries != 5 || now.Sub(monday) < day || job.Reason != social.ReasonGaveUp {
		t.Errorf("%d attempts in %v, then %s", tries, now.Sub(monday), job.Reason)
	}
}

// TestENG07CrashesAreAttempts has a job kill the process each time, before
// anything can be written but the count: it is tried five times over a day,
// and the job behind it is done at once.
func TestENG07CrashesAreAttempts(t *testing.T) {
	w := newWorld(t, social.Mastodon, 1, monday)
	r := newTable(t, social.Mastodon)
	crowd(t, w, r, 2, 2)
	killed := 0
	for w.now.Before(monday.Add(3 * day)) {
		act, until := Next(r.work(w.now), w.now)
		if act.Kind == Rest && until.IsZero() {
			break
		}
		if act.Kind == Rest {
			w.now = until
			continue
		}
		if act.Kind == Ask && act.Job.ID == 1 && act.Job.Attempts < maxAttempts {
			r.begin(1, Spend(r.budgets, r.d, act, w.now), w.now) // and then it dies
			killed++
			continue
		}
		w.step(r, act, 0, w.now)
	}
	if killed != 5 || r.jobs[0].Reason != social.ReasonGaveUp || r.jobs[1].Outcome != social.Followed {
		t.Errorf("killed %d times, ended %s and %s", killed, r.jobs[0].Reason, r.jobs[1].Outcome)
	}
	if r.jobs[0].UpdatedAt.Sub(monday) < day || r.jobs[1].UpdatedAt.Sub(monday) > time.Hour {
		t.Errorf("gave up after %v, the other one took %v", r.jobs[0].UpdatedAt.Sub(monday), r.jobs[1].UpdatedAt.Sub(monday))
	}
}

// TestMovedTwiceIsLeftToThePerson finds an account that has itself moved on.
func TestMovedTwiceIsLeftToThePerson(t *testing.T) {
	job := planned(t)
	job.NewHandle = handle(t, "alice@new.test")
	again := social.RemoteAccount{ID: "43", Acct: "alice@new.test", URI: "https://new.test/users/alice", Moved: &social.RemoteAccount{ID: "44"}}
	s := &script{found: again, movedTo: handle(t, "alice@newest.test")}
	job, err := Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
	check(t, job, social.JobDone, social.Moved, social.ReasonMovedClaim, 0)
	if err != nil || s.calls != "sm" || job.NewHandle.Host() != "newest.test" {
		t.Errorf("calls %q, new handle %s, error %v", s.calls, job.NewHandle, err)
	}
}

// TestStoppedLookUpBurnsNothing has the process told to stop while an
// account's own server is asked, and that server ask for time.
func TestStoppedLookUpBurnsNothing(t *testing.T) {
	job := planned(t)
	job.Empty = 4
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &script{findErr: errNone, lookErr: context.Canceled}
	got, err := Send(ctx, s, s, home(t, social.Mastodon), job, monday)
	if !errors.Is(err, context.Canceled) || got != job {
		t.Errorf("job %+v, error %v", got, err)
	}
	s = &script{findErr: errNone, lookErr: errWait}
	got, err = Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
	check(t, got, social.JobPlanned, social.Deferred, social.ReasonHost, time.Hour)
	if err != nil || got.Empty != 4 {
		t.Errorf("%d empty, error %v", got.Empty, err)
	}
}

// TestENG07ClearAnswersEndARow forgets failures once the home server has
// answered clearly: only failures in a row make a job give up.
func TestENG07ClearAnswersEndARow(t *testing.T) {
	job := planned(t)
	job.Attempts = 4
	s := &script{findErr: errNone}
	job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
	if job.Attempts != 0 || job.Empty != 1 {
		t.Errorf("%d attempts, %d empty", job.Attempts, job.Empty)
	}
}

// TestRetryReadsTheRelationshipFirst has a person retry a job that gave up
// after a follow of unknown outcome: the store keeps the reason only.
func TestRetryReadsTheRelationshipFirst(t *testing.T) {
	job := planned(t)
	job.RemoteID, job.Reason = "42", social.ReasonGaveUp
	s := &script{before: followed}
	job, _ = Send(t.Context(), s, s, home(t, social.Mastodon), job, monday)
	if s.calls != "r" || job.Outcome != social.Followed {
		t.Errorf("calls %q, outcome %s", s.calls, job.Outcome)
	}
}

func TestStateAfter(t *testing.T) {
	for err, want := range map[error]social.DestinationState{
		errToken: social.PermissionLost, errFull: social.LimitReached, errWait: "", errors.New("x"): "",
		fault.New(fault.Paused, "account-disabled", "x"): social.Disabled,
	} {
		if got, ok := StateAfter(err); got != want || ok != (want != "") {
			t.Errorf("StateAfter(%v) = %q, %v", err, got, ok)
		}
	}
}
