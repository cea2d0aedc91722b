package store_test

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// TestBlocksRefusePlanned: jobs to suspended hosts end at once, whether the
// list comes before the plan or after it, and for nobody of another server.
func TestBlocksRefusePlanned(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 6)
		task := claim(t, s, social.FollowTask, d.ID, now)
		if at := must(s.BlocksDue(ctx, d.Host))(t); !at.IsZero() {
			t.Errorf("never read, and due at %v", at)
		}
		next := now.Add(24 * time.Hour)
		ok(t, s.SaveBlocks(ctx, "another.test", []string{social.DomainDigest("example.social")}, next, now))
		ok(t, s.SaveBlocks(ctx, d.Host, []string{social.DomainDigest("h1.example.social"), social.DomainDigest("h1.example.social")}, next, now))
		if at := must(s.BlocksDue(ctx, d.Host))(t); !at.Equal(next) {
			t.Errorf("due at %v", at)
		}
		hosts := []string{"h1.example.social", "sub.h1.example.social:8443", "h2.example.social", "xh1.example.social"}
		if got := must(s.Blocked(ctx, d.Host, hosts))(t); len(got) != 2 || !got[hosts[0]] || !got[hosts[1]] {
			t.Errorf("blocked: %v", got)
		}
		planned(t, s, u, d, 5)
		ok(t, s.PutOffBlocks(ctx, d.Host, now.Add(time.Hour)))
		refused(t, s, u, d, "@h1.")
		first := must(s.FollowWorkFor(ctx, task, now))(t).Due[0]
		first.State, first.Outcome = social.JobAsked, social.Followed
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{first}, nil, d, now))
		ok(t, s.SaveBlocks(ctx, d.Host, []string{social.DomainDigest("h2.example.social"), social.DomainDigest("h3.example.social")}, next, now))
		refused(t, s, u, d, "@h1.", "@h2.", "@h3.")
		if job := must(s.GetFollowJob(ctx, u.ID, first.ID))(t); job.State != social.JobAsked {
			t.Errorf("what was asked became %s", job.State)
		}
		must(s.Sweep(ctx, next.Add(31*24*time.Hour)))(t)
		if got := must(s.Blocked(ctx, d.Host, []string{"h2.example.social"}))(t); len(got) != 0 {
			t.Errorf("after a month without reading: %v", got)
		}
	})
}

// refused checks that exactly the planned jobs of some hosts are refused.
func refused(t *testing.T, s *store.Store, u social.User, d social.Destination, hosts ...string) {
	t.Helper()
	jobs, _, err := s.ListFollowJobs(t.Context(), u.ID, store.FollowFilter{DestinationID: d.ID, Limit: 50})
	ok(t, err)
	for _, j := range jobs {
		want := false
		for _, h := range hosts {
			want = want || strings.Contains(j.Handle.String(), h) && j.State != social.JobAsked
		}
		if got := j.State == social.JobDone && j.Outcome == social.Declined && j.Reason == social.ReasonOurServer; got != want {
			t.Errorf("%s is %s %s %s", j.Handle, j.State, j.Outcome, j.Reason)
		}
	}
}
