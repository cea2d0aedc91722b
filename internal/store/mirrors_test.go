package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// mirrored makes a Mirror with n posts planned, every second an answer to the
// one before; the first becomes two statuses and has a file.
func mirrored(t *testing.T, s *store.Store, n int) (social.User, social.Mirror) {
	t.Helper()
	ctx := t.Context()
	u := imported(t, s, 3)
	src := must(s.ListSources(ctx, u.ID))(t)[0]
	d := destination(t, s, u)
	m := must(s.SaveMirror(ctx, u.ID, d.ID, src.ID, social.MirrorRules{Quotes: true}, now))(t)
	mirrorPlanned(t, s, d.ID, n)
	return u, must(s.GetMirror(ctx, u.ID, m.ID))(t)
}

// mirrorPlanned plans the Mirror that waits for it.
func mirrorPlanned(t *testing.T, s *store.Store, destinationID int64, n int) {
	t.Helper()
	ctx := t.Context()
	task := claim(t, s, social.MirrorTask, destinationID, now)
	w := must(s.MirrorWorkFor(ctx, task))(t)
	done := must(s.BeginPlan(ctx, task, w.Mirror, social.X))(t)
	var posts []social.MirrorPost
	for i := range n {
		p := social.MirrorPost{Position: i, Notes: []string{"cut"}, Post: social.Post{Network: social.X, ID: fmt.Sprint(100 + i), CreatedAt: now, Text: fmt.Sprint("post ", i), Audience: social.ToEveryone}}
		parts := 1
		if i == 0 {
			parts = 2
		}
		for part := range parts {
			job := social.StatusJob{Part: part + 1, Parts: parts, Print: "p", Draft: social.Draft{Text: fmt.Sprintf("post %d.%d", i, part), Visibility: social.VisibleUnlisted}}
			if i == 0 && part == 0 {
				job.Draft.Files, job.Files = []social.DraftFile{{Alt: "a wader"}}, []social.MirrorFile{{State: social.FilePlanned}}
			}
			p.Jobs = append(p.Jobs, job)
		}
		if i%2 == 1 {
			p.Answers = fmt.Sprint(99 + i)
		}
		if !done[p.Post.ID] {
			posts = append(posts, p)
		}
	}
	ok(t, s.SavePlan(ctx, task, w.Mirror, social.X, posts, now))
	w.Mirror.Network, w.Mirror.Plan.Posts, w.Mirror.Names = social.X, n, []string{"me"}
	ok(t, s.FinishPlan(ctx, task, w.Mirror, now))
	ok(t, s.Settle(ctx, task, time.Time{}, false))
}

// send takes the Mirror's next row through its call.
func send(t *testing.T, s *store.Store, task social.Task, id social.RemoteID) social.StatusJob {
	t.Helper()
	ctx := t.Context()
	w := must(s.MirrorWorkFor(ctx, task))(t)
	job := w.Jobs[0]
	begun := job
	begun.State, begun.Key, begun.SentAt, begun.TriedAt = social.StatusSending, "k", now, now
	ok(t, s.BeginMirror(ctx, task, w.Mirror, store.MirrorStart{Was: job, Begun: begun, Budgets: []store.BudgetChange{{After: social.Budget{Family: social.StatusesFamily, Limit: 300, Remaining: 299, Window: time.Hour}}}}, now))
	begun.State, begun.RemoteID, begun.URL = social.StatusSent, id, "https://home.test/"+string(id)
	must(s.SaveStep(ctx, task, w.Mirror, store.MirrorStep{Jobs: []social.StatusJob{begun}}, now))(t)
	return begun
}

func TestMirrorRows(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, m := mirrored(t, s, 6)
		if m.PlannedAt.IsZero() || m.Plan.Posts != 6 || !m.Rules.Quotes {
			t.Fatalf("%+v", m)
		}
		posts, total, err := s.ListMirrorPosts(ctx, u.ID, store.MirrorFilter{MirrorID: m.ID, Limit: 10})
		ok(t, err)
		if total != 6 || len(posts[0].Jobs) != 2 || posts[0].Jobs[0].Draft.Files[0].Alt != "a wader" || posts[0].Notes[0] != "cut" {
			t.Fatalf("%d posts, %+v", total, posts[0])
		}
		if first := posts[0].Jobs; first[1].ParentID != first[0].ID || posts[1].Jobs[0].ParentID != first[1].ID || posts[2].Jobs[0].ParentID != 0 {
			t.Errorf("threads: %+v", posts)
		}
		ok(t, s.StartMirror(ctx, u.ID, m.ID, now))
		task := claim(t, s, social.MirrorTask, m.DestinationID, now)
		for i := range 3 {
			send(t, s, task, social.RemoteID(fmt.Sprint("r", i)))
		}
		c := must(s.MirrorCounts(ctx, u.ID, m.ID))(t)
		if c.Total != 7 || c.Posts != 2 || c.Waiting() != 4 || c.Stands() != 3 || c.Files != 0 {
			t.Errorf("%+v", c)
		}
		if known := must(s.MirrorKnown(ctx, m.DestinationID))(t); len(known) != 3 || !known["r1"].Equal(now) {
			t.Errorf("%v", known)
		}
		if at := must(s.MirrorAddresses(ctx, m.DestinationID, social.X, []string{"100", "101", "105"}))(t); len(at) != 2 || at["100"] != "https://home.test/r0" {
			t.Errorf("%v", at)
		}
		one := must(s.GetMirrorPost(ctx, u.ID, m.ID, "101"))(t)
		if one.Jobs[0].URL != "https://home.test/r2" || one.Post.Text != "post 1" {
			t.Errorf("%+v", one)
		}
		if waiting := must(s.MirrorWaiting(ctx, m.ID))(t); len(waiting) != 4 || waiting[0].PostID != "102" {
			t.Errorf("%+v", waiting)
		}
		if _, n, _ := s.ListMirrorPosts(ctx, u.ID, store.MirrorFilter{MirrorID: m.ID, State: social.StatusSent, Limit: 9}); n != 2 {
			t.Errorf("%d posts were sent", n)
		}
	})
}

func TestMirrorStates(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, m := mirrored(t, s, 4)
		wantKind(t, s.PauseMirror(ctx, u.ID, m.ID), fault.Invalid)
		wantKind(t, s.StartMirror(ctx, u.ID+1, m.ID, now), fault.NotFound)
		ok(t, s.StartMirror(ctx, u.ID, m.ID, now))
		_, err := s.SaveMirror(ctx, u.ID, m.DestinationID, m.SourceID, social.MirrorRules{}, now)
		wantKind(t, err, fault.Invalid)
		task := claim(t, s, social.MirrorTask, m.DestinationID, now)
		send(t, s, task, "r0")
		// Paused after the work was read and before it begins: nothing may be sent.
		w := must(s.MirrorWorkFor(ctx, task))(t)
		ok(t, s.PauseMirror(ctx, u.ID, m.ID))
		wantKind(t, s.BeginMirror(ctx, task, w.Mirror, store.MirrorStart{Was: w.Jobs[0], Begun: w.Jobs[0]}, now), fault.Conflict)
		if w = must(s.MirrorWorkFor(ctx, task))(t); w.Mirror.ID != 0 {
			t.Errorf("a paused Mirror is worked on: %+v", w.Mirror)
		}
		// On its way when undo is pressed: to be deleted too.
		ok(t, s.StartMirror(ctx, u.ID, m.ID, now))
		w = must(s.MirrorWorkFor(ctx, task))(t)
		begun := w.Jobs[0]
		begun.State, begun.TriedAt = social.StatusSending, now
		ok(t, s.BeginMirror(ctx, task, w.Mirror, store.MirrorStart{Was: w.Jobs[0], Begun: begun}, now))
		if n := must(s.UndoMirror(ctx, u.ID, m.ID, now))(t); n != 2 {
			t.Errorf("%d are undone", n)
		}
		begun.State, begun.RemoteID = social.StatusSent, "r1"
		must(s.SaveStep(ctx, task, w.Mirror, store.MirrorStep{Jobs: []social.StatusJob{begun}}, now))(t)
		c := must(s.MirrorCounts(ctx, u.ID, m.ID))(t)
		if c.ByState[social.StatusUndoing] != 2 || c.ByState[social.StatusCanceled] != 3 {
			t.Errorf("%+v", c)
		}
		for range 2 {
			w = must(s.MirrorWorkFor(ctx, task))(t)
			job := w.Jobs[0]
			job.State = social.StatusDeleted
			needed := must(s.SaveStep(ctx, task, w.Mirror, store.MirrorStep{Jobs: []social.StatusJob{job}}, now))(t)
			if needed != (len(w.Jobs) == 2) {
				t.Errorf("the archive is needed: %v", needed)
			}
		}
		ok(t, s.Settle(ctx, task, time.Time{}, false))
		// Undone, it begins anew.
		must(s.SaveMirror(ctx, u.ID, m.DestinationID, m.SourceID, social.MirrorRules{}, now))(t)
		mirrorPlanned(t, s, m.DestinationID, 4)
		if c = must(s.MirrorCounts(ctx, u.ID, m.ID))(t); c.Waiting() != 5 || c.Total != 5 {
			t.Errorf("%+v", c)
		}
		ok(t, s.StopMirror(ctx, u.ID, m.ID, now))
		if c = must(s.MirrorCounts(ctx, u.ID, m.ID))(t); c.Total != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// A halt is told with its sentence; a retry makes failed rows wait again.
func TestMirrorHaltAndRetry(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, m := mirrored(t, s, 2)
		ok(t, s.StartMirror(ctx, u.ID, m.ID, now))
		task := claim(t, s, social.MirrorTask, m.DestinationID, now)
		w := must(s.MirrorWorkFor(ctx, task))(t)
		job := w.Jobs[0]
		job.State, job.Reason = social.StatusFailed, social.MirrorFileRefused
		halt := fault.New(fault.Paused, "mirror-limits", "Your server is {host}.", "host", "home.test")
		must(s.SaveStep(ctx, task, m, store.MirrorStep{Jobs: []social.StatusJob{job}, Halt: halt}, now))(t)
		m = must(s.GetMirror(ctx, u.ID, m.ID))(t)
		if m.State != social.MirrorPaused || m.FaultCode != "mirror-limits" || m.FaultSay != "Your server is home.test." || m.FaultArgs["host"] != "home.test" {
			t.Errorf("%+v", m)
		}
		wantKind(t, s.StartMirror(ctx, u.ID, m.ID, now), fault.Invalid) // to be planned anew
		n := must(s.RetryMirror(ctx, u.ID, m.ID, job.ID, func(j social.StatusJob) social.StatusJob { j.State = social.StatusPlanned; return j }, now))(t)
		if c := must(s.MirrorCounts(ctx, u.ID, m.ID))(t); n != 1 || c.Waiting() != 3 {
			t.Errorf("%d, %+v", n, c)
		}
	})
}

func TestMirrorIsExportedAndForgotten(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, m := mirrored(t, s, 2)
		var out bytes.Buffer
		ok(t, s.ExportUser(ctx, u.ID, &out))
		var got map[string][]map[string]any
		ok(t, json.Unmarshal(out.Bytes(), &got))
		if len(got["mirrors"]) != 1 || len(got["mirror_posts"]) != 2 || len(got["mirror_jobs"]) != 3 || got["mirror_posts"][0]["post"].(map[string]any)["Text"] != "post 0" {
			t.Errorf("%v", got["mirror_posts"])
		}
		ok(t, s.StartMirror(ctx, u.ID, m.ID, now))
		task := claim(t, s, social.MirrorTask, m.DestinationID, now)
		must(s.Forget(ctx, u.ID))(t)
		_, err := s.MirrorWorkFor(ctx, task)
		wantKind(t, err, fault.Conflict)
	})
}

// An upload is kept for a Mirror until it is let go, or rests for too long.
func TestArchiveIsKeptAndLetGo(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		src, _, err := s.CreateSource(ctx, social.Source{UserID: u.ID, Digest: "d", Spool: "SPOOL", Hold: true}, now)
		ok(t, err)
		task := claim(t, s, social.ImportTask, src.ID, now)
		src = must(s.SourceFor(ctx, task))(t)
		ok(t, s.FinishSource(ctx, task, src, now))
		if kept := must(s.Spools(ctx))(t); !slices.Equal(kept, []string{"SPOOL"}) {
			t.Errorf("%v", kept)
		}
		if old := must(s.KeepArchive(ctx, u.ID, src.ID, "NEWER", false))(t); old != "SPOOL" {
			t.Errorf("%q", old)
		}
		must(s.Sweep(ctx, now.Add(29*24*time.Hour)))(t)
		if kept := must(s.Spools(ctx))(t); !slices.Equal(kept, []string{"NEWER"}) {
			t.Errorf("%v", kept)
		}
		must(s.Sweep(ctx, now.Add(31*24*time.Hour)))(t)
		if kept := must(s.Spools(ctx))(t); len(kept) != 0 {
			t.Errorf("%v", kept)
		}
		must(s.KeepArchive(ctx, u.ID, src.ID, "THIRD", false))(t)
		if spool := must(s.ReleaseArchive(ctx, u.ID, src.ID))(t); spool != "THIRD" {
			t.Errorf("%q", spool)
		}
		if again := must(s.ReleaseArchive(ctx, u.ID, src.ID))(t); again != "" {
			t.Errorf("%q", again)
		}
	})
}

// People are named by the Matches that are confirmed or likely, and by no other.
func TestPeopleOfMatches(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(a social.Account) string { return a.Username + "@h.test" })
		lookedUp(t, s, now)
		graded(t, s, u, func(m social.Match) social.Certainty {
			return map[string]social.Certainty{"User0": social.Likely, "User1": social.Possible, "User2": social.Certain}[m.Account.Username]
		})
		for _, m := range matches(t, s, u, store.MatchFilter{}) {
			if m.Account.Username == "User2" {
				must(s.Decide(ctx, u.ID, []int64{m.ID}, social.Rejected, now))(t)
			}
		}
		p := must(s.People(ctx, u.ID, social.X))(t)
		if h := p.Of("1000", ""); h.String() != "User0@h.test" {
			t.Errorf("%q", h)
		}
		if h := p.Of("", "USER0"); h.IsZero() {
			t.Error("not found by name")
		}
		for _, other := range []string{"1001", "1002", "77"} {
			if h := p.Of(other, ""); !h.IsZero() {
				t.Errorf("%s is %s", other, h)
			}
		}
	})
}
