package store_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// registrant makes a User who is known at host.
func registrant(t testing.TB, s *store.Store, host string) social.User {
	t.Helper()
	return must(s.SaveUser(t.Context(), social.User{Host: host, RemoteID: "7", Handle: hd(t, "me@"+host), CreatedAt: now}))(t)
}

// published makes r a proven Registration of a User of its own.
func published(t testing.TB, s *store.Store, r social.Registration, a social.RegistrationAudience) social.User {
	t.Helper()
	u := registrant(t, s, r.Handle.Host())
	r.UserID = u.ID
	if r.CreatedAt.IsZero() {
		r.CreatedAt, r.CheckedAt = now, now
	}
	ok(t, s.SaveProven(t.Context(), r))
	ok(t, s.Publish(t.Context(), u.ID, a))
	return u
}

// asked reads all new Accounts of a User as the worker does, and says which of
// them have a Registration by now.
func asked(t testing.TB, s *store.Store, u social.User, at time.Time) (known map[string]string, held int) {
	t.Helper()
	ctx := t.Context()
	ok(t, s.Ring(ctx, social.MatchTask, u.ID, at))
	task := claim(t, s, social.MatchTask, u.ID, at)
	known = map[string]string{}
	for {
		accounts := must(s.NewAccounts(ctx, u.ID, 500))(t)
		if len(accounts) == 0 {
			break
		}
		k := must(s.AskRegistry(ctx, task, accounts, at))(t)
		var all []store.Candidates
		for _, a := range accounts {
			for _, r := range k.Of(a) {
				known[a.NativeID] = r.Handle.String()
			}
			if k.Held(a) {
				held++
			}
			all = append(all, store.Candidates{AccountID: a.ID})
		}
		ok(t, s.SaveCandidates(ctx, task, all, at))
	}
	next := must(s.TakeTurns(ctx, task, at))(t)
	ok(t, s.Settle(ctx, task, next, false))
	return known, held
}

// follower makes a User of a server who follows the given numbers.
func follower(t testing.TB, s *store.Store, host string, ids ...string) social.User {
	t.Helper()
	u := must(s.SaveUser(t.Context(), social.User{Host: host, RemoteID: "1", CreatedAt: now}))(t)
	followNumbers(t, s, u, ids)
	return u
}

func followNumbers(t testing.TB, s *store.Store, u social.User, ids []string) {
	t.Helper()
	task, src := reading(t, s, u, "list")
	var records []social.Record
	for _, id := range ids {
		records = append(records, following(social.Account{Network: social.X, NativeID: id, SeenAt: now}))
	}
	for len(records) > 0 {
		n := min(1000, len(records))
		ok(t, s.SaveRecords(t.Context(), task, records[:n]))
		records = records[n:]
	}
	ok(t, s.FinishSource(t.Context(), task, src, now))
}

func numbers(from, n, step int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(from + i*step)
	}
	return ids
}

// A Registration is found by number and by name once it is published, and by
// nobody before; what is registered later lets those who follow be read again.
func TestRegistrations(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(social.Account) string { return "" })
		asking := func() []social.Registration { return must(s.Registrations(ctx, []string{"1", "1001", "1001'"}))(t) }
		me := registrant(t, s, "x.test")
		r := social.Registration{UserID: me.ID, XID: "1001", XIDProven: true, Username: "User1", Handle: hd(t, "me@x.test"), ActorID: "https://x.test/1",
			Proof: social.ProofLogin, CreatedAt: now, CheckedAt: now}
		ok(t, s.SaveProven(ctx, r))
		if got := asking(); len(got) != 0 {
			t.Fatalf("found before it was published: %+v", got)
		}
		ok(t, s.Publish(ctx, me.ID, social.PublicPage))
		got := asking()
		if len(got) != 1 || got[0].Handle != r.Handle || got[0].Audience != social.PublicPage || !got[0].DueAt.Equal(now.Add(30*24*time.Hour)) {
			t.Fatalf("%+v", got)
		}
		if got := must(s.NewAccounts(ctx, u.ID, 10))(t); len(got) != 1 || got[0].NativeID != "1001" {
			t.Fatalf("to be read again: %+v", got)
		}
		if known, _ := asked(t, s, u, now); len(known) != 1 || known["1001"] != "me@x.test" {
			t.Errorf("%v", known)
		}
		r.CheckedAt = now.Add(time.Hour) // proven again: as public as it was, and since when it was
		ok(t, s.SaveProven(ctx, r))
		if got := must(s.GetRegistration(ctx, me.ID))(t); got.Audience != social.PublicPage || !got.CreatedAt.Equal(now) || !got.CheckedAt.Equal(r.CheckedAt) {
			t.Errorf("%+v", got)
		}
		if got := must(s.PublicRegistration(ctx, "uSER1", now))(t); got.Handle != r.Handle {
			t.Errorf("%+v", got)
		}
	})
}

// REG-01: a number that only the registrant tells takes nothing from whoever
// proved it, and a newer proof of the same name ends the older one.
func TestREG01WhoProvesTakesOver(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		first := published(t, s, social.Registration{XID: "500", XIDProven: true, Username: "bbc", Handle: hd(t, "me@bbc.test"), Proof: social.ProofLogin}, social.PublicPage)
		evil := published(t, s, social.Registration{XID: "500", Username: "evil", Handle: hd(t, "me@evil.test"), Proof: social.ProofPost}, social.PublicPage)
		if got := must(s.GetRegistration(ctx, first.ID))(t); got.Username != "bbc" {
			t.Fatalf("%+v", got)
		}
		second := published(t, s, social.Registration{XID: "500", XIDProven: true, Username: "bbc", Handle: hd(t, "me@news.test"), Proof: social.ProofLogin}, social.PublicPage)
		_, err := s.GetRegistration(ctx, first.ID)
		wantKind(t, err, fault.NotFound)
		_, err = s.GetRegistration(ctx, evil.ID)
		wantKind(t, err, fault.NotFound)
		// The name goes to another number: the page with it, the number stays.
		published(t, s, social.Registration{XID: "501", XIDProven: true, Username: "BBC", Handle: hd(t, "me@new.test"), Proof: social.ProofLogin}, social.PublicPage)
		if got := must(s.GetRegistration(ctx, second.ID))(t); got.Username != "" || got.XID != "500" {
			t.Errorf("%+v", got)
		}
		if got := must(s.PublicRegistration(ctx, "bbc", now))(t); got.Handle.String() != "me@new.test" {
			t.Errorf("%+v", got)
		}
	})
}

// REG-01: a code holds a day, for one person, and is one at a time; OPS-03: two
// claims a day of one account, 20 of one server.
func TestREG01CodesAndOPS03Claims(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := registrant(t, s, "x.test")
		p := social.Pending{Code: "gw-1", Username: "one", Handle: u.Handle, ActorID: "https://x.test/7", CreatedAt: now}
		ok(t, s.StartProof(ctx, u.ID, p))
		if got := must(s.GetProof(ctx, u.ID, now.Add(23*time.Hour)))(t); got != p {
			t.Errorf("%+v", got)
		}
		_, err := s.GetProof(ctx, u.ID, now.Add(24*time.Hour))
		wantKind(t, err, fault.NotFound)
		p.Code = "gw-2"
		ok(t, s.StartProof(ctx, u.ID, p)) // the same claim again
		p.Username = "two"
		ok(t, s.StartProof(ctx, u.ID, p))
		p.Username = "three"
		wantKind(t, s.StartProof(ctx, u.ID, p), fault.Wait)
		p.CreatedAt = now.Add(24 * time.Hour)
		ok(t, s.StartProof(ctx, u.ID, p))
		for i := range 21 {
			v := must(s.SaveUser(ctx, social.User{Host: "many.test", RemoteID: social.RemoteID(fmt.Sprint(i)), CreatedAt: now}))(t)
			err := s.StartProof(ctx, v.ID, social.Pending{Code: "c", Username: "n" + fmt.Sprint(i), Handle: hd(t, fmt.Sprintf("u%d@sub%d.many.test", i, i)), CreatedAt: now})
			if (i < 20) != (err == nil) {
				t.Fatalf("claim %d of one server: %v", i, err)
			}
		}
	})
}

// REG-02: 1,000,000 consecutive numbers bring 1,000 look-ups, an entry for the
// operator, and the rest waits; the long form runs with GODWIT_SOAK.
func TestREG02ConsecutiveNumbers(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		published(t, s, social.Registration{XID: "1003", XIDProven: true, Handle: hd(t, "me@early.test")}, social.OnlyFollowers)
		published(t, s, social.Registration{XID: "2500", XIDProven: true, Handle: hd(t, "me@late.test")}, social.OnlyFollowers)
		published(t, s, social.Registration{XID: "2501", XIDProven: true, Handle: hd(t, "me@public.test")}, social.PublicPage)
		u := follower(t, s, "harvest.test", numbers(1000, 3000, 1)...)
		known, held := asked(t, s, u, now)
		if held != 2000 || known["1003"] == "" || known["2500"] != "" || known["2501"] == "" {
			t.Fatalf("%d held, known %v", held, known)
		}
		w := must(s.Waiting(ctx, u.ID))(t)
		holds := must(s.Holds(ctx))(t)
		if !w.Held || w.Accounts != 2000 || len(holds) != 1 || holds[0].UserID != u.ID || holds[0].Waiting != 2000 {
			t.Errorf("%+v %+v", w, holds)
		}
		// Somebody who registers now is not found by those who wait either.
		published(t, s, social.Registration{XID: "2600", XIDProven: true, Handle: hd(t, "me@new.test")}, social.OnlyFollowers)
		if known, _ := asked(t, s, u, now.Add(25*time.Hour)); len(known) != 0 {
			t.Errorf("found later: %v", known)
		}
		ok(t, s.Allow(ctx, u.ID))
		asked(t, s, u, now.Add(26*time.Hour)) // lets them be read again
		if known, held := asked(t, s, u, now.Add(26*time.Hour)); known["2500"] == "" || known["2600"] == "" || held != 0 {
			t.Errorf("after the operator's yes: %v, %d held", known, held)
		}
	})
}

// Numbers at random, which nobody else follows, wait for the operator once there
// are enough others to tell; a list that meets theirs does not, nor one
// in a small place.
func TestREG02NumbersAtRandom(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		random := numbers(7_000_000_000, 1200, 1_000_003)
		if _, held := asked(t, s, follower(t, s, "small.test", random...), now); held != 0 {
			t.Errorf("in a small place %d are held", held)
		}
		crowd := follower(t, s, "crowd.test", "5") // follows 50,000 more
		must(s.WriteDB().ExecContext(t.Context(), `INSERT INTO accounts (user_id, network, native_id, username, username_key, name, name_key, bio, location, url,
				links, pinned, pinned_links, named_at, texts_at, following, blocked, read_at, stored_at, texts_gone)
			WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
			SELECT CAST($1 AS BIGINT), 'x', CAST(1000000000 + i * 7919 AS TEXT), '', '', '', '', '', '', '', '', '', '', 0, 0, true, false, 1, 0, false FROM n`, crowd.ID))(t)
		odd := follower(t, s, "odd.test", numbers(8_000_000_000, 1200, 1_000_003)...)
		if _, held := asked(t, s, odd, now); held != 200 {
			t.Errorf("%d of numbers at random are held", held)
		}
		holds := must(s.Holds(t.Context()))(t)
		if len(holds) != 1 || holds[0].UserID != odd.ID || holds[0].Reason != "apart" {
			t.Errorf("%+v", holds)
		}
		if _, held := asked(t, s, follower(t, s, "met.test", append(numbers(9_000_000_000, 1200, 1_000_003), numbers(1_000_000_000, 20, 7919)...)...), now); held != 0 {
			t.Errorf("of a list that meets another one %d are held", held)
		}
	})
}

// REG-02: 7,500 a person in 30 days, whoever forgets and begins anew included;
// 20,000 for all who come from one network.
func TestREG02Caps(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		list := numbers(1_000_000, 8000, 2_000)
		u := follower(t, s, "a.test", list...)
		if _, held := asked(t, s, u, now); held != 500 {
			t.Fatalf("%d held", held)
		}
		must(s.Forget(ctx, u.ID))(t)
		u = follower(t, s, "a.test", list[:300]...)
		if _, held := asked(t, s, u, now.Add(time.Hour)); held != 300 {
			t.Errorf("anew: %d held", held)
		}
		asked(t, s, u, now.Add(31*24*time.Hour))
		if _, held := asked(t, s, u, now.Add(31*24*time.Hour)); held != 0 {
			t.Errorf("a month later: %d held", held)
		}
		total := 0
		for i := range 5 {
			v := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: social.RemoteID(fmt.Sprint(i)), CreatedAt: now}))(t)
			ok(t, s.SetAddress(ctx, v.ID, "2001:db8:1:2::/64"))
			followNumbers(t, s, v, numbers(1_000_000_000*(i+1), 5000, 2_000))
			_, held := asked(t, s, v, now)
			total += 5000 - held
		}
		if total != 20_000 {
			t.Errorf("%d looked up from one network", total)
		}
	})
}

// REG-04: what is stored of somebody who withdrew cannot be tried number by
// number without the key, and changing that key forgets no objection.
func TestREG04MarksNeedTheKey(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		ctx := t.Context()
		u := published(t, s, social.Registration{XID: "1234567", XIDProven: true, Username: "gone", Handle: hd(t, "me@gone.test")}, social.PublicPage)
		ok(t, s.Withdraw(ctx, u.ID, now))
		var marks []string
		rows := must(s.WriteDB().QueryContext(ctx, `SELECT mark FROM objections`))(t)
		for rows.Next() {
			var mark string
			ok(t, rows.Scan(&mark))
			marks = append(marks, mark)
		}
		ok(t, rows.Close())
		if len(marks) != 4 {
			t.Fatalf("%d marks", len(marks))
		}
		all := strings.Join(marks, " ")
		var sealed []byte
		ok(t, s.WriteDB().QueryRowContext(ctx, `SELECT secret FROM mark_keys`).Scan(&sealed))
		for i := 1_200_000; i < 1_240_000; i++ {
			text := fmt.Sprintf("x:%d", i)
			plain := sha256.Sum256([]byte(text))
			mac := hmac.New(sha256.New, sealed)
			mac.Write([]byte(text))
			if strings.Contains(all, hex.EncodeToString(plain[:])) || strings.Contains(all, hex.EncodeToString(mac.Sum(nil))) {
				t.Fatalf("%s was found", text)
			}
		}
		o.Keys = append(store.Keys{{ID: "k2", Secret: [32]byte{9}}}, testKeys...)
		both := open(t, o)
		if n := must(both.Reseal(ctx))(t); n != 1 {
			t.Errorf("%d sealed anew", n)
		}
		o.Keys = o.Keys[:1]
		again := open(t, o)
		objections := must(again.Objections(ctx, []social.Account{{NativeID: "1234567"}, {NativeID: "1"}}, nil))(t)
		if !objections.Account(social.Account{NativeID: "1234567"}) || objections.Account(social.Account{NativeID: "1"}) {
			t.Error("the objection was lost with the old key")
		}
	})
}

// REG-10: a withdrawal takes everything back in one act: other people's Matches,
// follows not sent yet, rows of public lists; and it stays so, for the number,
// the name and the handle.
func TestREG10Withdrawal(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(a social.Account) string { return a.Username + "@x.test" })
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		d := destination(t, s, u)
		planned(t, s, u, d, 3)
		row := store.ListedRow{XID: "1001", Username: "User1", Handle: hd(t, "user1@x.test")}
		saved := must(s.SaveList(ctx, store.PublicList{Source: "list", Rows: 1, ImportedAt: now}, []store.ListedRow{row}))(t)
		if saved.Left != 0 {
			t.Fatal(saved)
		}
		me := published(t, s, social.Registration{XID: "1001", XIDProven: true, Username: "User1", Handle: row.Handle}, social.OnlyFollowers)
		ok(t, s.Withdraw(ctx, me.ID, now))
		if got := must(s.Registrations(ctx, []string{"1001"}))(t); len(got) != 0 {
			t.Errorf("still there: %+v", got)
		}
		if n := len(matches(t, s, u, store.MatchFilter{})); n != 2 {
			t.Errorf("%d Matches", n)
		}
		counts := must(s.FollowCounts(ctx, u.ID, d.ID))(t)
		if counts.Total != 2 {
			t.Errorf("%+v", counts)
		}
		o := must(s.Objections(ctx, []social.Account{{NativeID: "1001"}, {Username: "USER1"}, {NativeID: "1002", Username: "User2"}}, []social.Handle{row.Handle}))(t)
		if !o.Account(social.Account{NativeID: "1001"}) || !o.Account(social.Account{Username: "USER1"}) || o.Account(account(2)) || !o.Handle(row.Handle) || o.Handle(hd(t, "user2@x.test")) {
			t.Error("the objection does not hold")
		}
		again := must(s.SaveList(ctx, store.PublicList{Source: "list", Rows: 1, ImportedAt: now}, []store.ListedRow{row}))(t)
		if again.Left != 1 || len(must(s.Registrations(ctx, []string{"1001"}))(t)) != 0 {
			t.Errorf("a list brought it back: %+v", again)
		}
		// Whoever changes their mind proves it once more.
		published(t, s, social.Registration{XID: "1001", XIDProven: true, Username: "User1", Handle: row.Handle, CreatedAt: now.Add(time.Hour)}, social.PublicPage)
		if o := must(s.Objections(ctx, []social.Account{account(1)}, []social.Handle{row.Handle}))(t); o.Account(account(1)) || o.Handle(row.Handle) {
			t.Error("the objection outlived a new registration")
		}
		must(s.PublicRegistration(ctx, "user1", now.Add(2*time.Hour)))(t)
	})
}

// REG-10: whoever deletes everything withdraws.
func TestREG10ForgetWithdraws(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		u := published(t, s, social.Registration{XID: "5", XIDProven: true, Handle: hd(t, "me@x.test")}, social.PublicPage)
		must(s.Forget(t.Context(), u.ID))(t)
		if o := must(s.Objections(t.Context(), []social.Account{{NativeID: "5"}}, nil))(t); !o.Account(social.Account{NativeID: "5"}) {
			t.Error("no objection")
		}
	})
}

// REG-13: a name that was given up rests for 90 days, whoever takes it.
func TestREG13NamesRest(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		old := published(t, s, social.Registration{XID: "1", XIDProven: true, Username: "alice", Handle: hd(t, "me@old.test")}, social.PublicPage)
		ok(t, s.Withdraw(ctx, old.ID, now))
		later := now.Add(24 * time.Hour)
		published(t, s, social.Registration{XID: "2", XIDProven: true, Username: "Alice", Handle: hd(t, "me@new.test"), CreatedAt: later, CheckedAt: later}, social.PublicPage)
		for _, name := range []string{"alice", "nobody", "АDMIN", "alice/admin"} {
			_, err := s.PublicRegistration(ctx, name, now.Add(89*24*time.Hour))
			wantKind(t, err, fault.NotFound)
		}
		if got := must(s.PublicRegistration(ctx, "alice", now.Add(91*24*time.Hour)))(t); got.XID != "2" {
			t.Errorf("%+v", got)
		}
	})
}

// Proofs are looked at again after 30 days, by one process at a time.
func TestChecks(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := published(t, s, social.Registration{Username: "alice", Code: "c", Post: "9", Handle: hd(t, "me@x.test"), Proof: social.ProofPost}, social.PublicPage)
		if due := must(s.DueRegistrations(ctx, 5, now.Add(29*24*time.Hour)))(t); len(due) != 0 {
			t.Fatalf("%+v", due)
		}
		later := now.Add(31 * 24 * time.Hour)
		due := must(s.DueRegistrations(ctx, 5, later))(t)
		if len(due) != 1 || due[0].Post != "9" {
			t.Fatalf("%+v", due)
		}
		if again := must(s.DueRegistrations(ctx, 5, later))(t); len(again) != 0 {
			t.Errorf("handed out twice: %+v", again)
		}
		r := due[0]
		r.Username, r.Stale, r.CheckedAt, r.CreatedAt = "alice2", true, later, later
		ok(t, s.SaveCheck(ctx, r, true, later))
		got := must(s.GetRegistration(ctx, u.ID))(t)
		if got.Username != "alice2" || !got.Stale || !got.DueAt.Equal(later.Add(30*24*time.Hour)) {
			t.Errorf("%+v", got)
		}
	})
}
