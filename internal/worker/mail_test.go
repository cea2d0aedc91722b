package worker

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/mail"
	"godwit/internal/social"
	"godwit/internal/store"
)

// mailbox takes letters, or refuses them.
type mailbox struct {
	letters []mail.Letter
	refuse  error
}

func (b *mailbox) Send(_ context.Context, l mail.Letter) error {
	if b.refuse == nil {
		b.letters = append(b.letters, l)
	}
	return b.refuse
}

// plain writes letters in so many words.
type plain struct{}

func (plain) Confirm(lang, confirm string) mail.Letter {
	return mail.Letter{Subject: "confirm", Text: lang + " " + confirm}
}

func (plain) Arrivals(lang string, all []store.Arrival, stop string) mail.Letter {
	l := mail.Letter{Subject: "arrivals", Stop: stop}
	for _, a := range all {
		l.Text += a.Match.Handle.String() + " "
	}
	return l
}

// reader is somebody who follows wader_0 … and wants to be told by e-mail.
type reader struct {
	*rig
	box *mailbox
	log bytes.Buffer
	n   int
}

const address = "somebody@canary.example"

func newReader(t *testing.T) *reader {
	r := &reader{rig: newRig(t), box: &mailbox{}}
	r.Worker = New(Deps{Store: r.store, Door: r.door, Spool: r.spool, Now: r.clock.Now, Log: slog.New(slog.NewJSONHandler(&r.log, nil)), Post: r.box, Letters: plain{}})
	host := r.world.AddHost("flock.test", social.Mastodon)
	var people []importertest.Person
	for i := range 6 {
		host.AddAccount("wader_" + string(rune('0'+i)))
		people = append(people, follows(i, ""))
	}
	r.give(listName, r.list(people))
	r.drive(time.Hour)
	return r
}

// ask gives the address; confirm presses the link of the last letter.
func (r *reader) ask() {
	r.t.Helper()
	r.ok(r.store.AskMail(r.t.Context(), r.user.ID, address, "zh-Hans", r.clock.Now()))
	r.drive(time.Minute)
}

func (r *reader) confirm() {
	r.t.Helper()
	_, name, _ := strings.Cut(r.box.letters[len(r.box.letters)-1].Text, " ")
	owner, err := r.store.MailOwner(r.t.Context(), name, store.ConfirmLink, r.clock.Now())
	r.ok(err)
	r.ok(r.store.ConfirmMail(r.t.Context(), owner, r.clock.Now()))
}

// arrive lets the next one be on a public list.
func (r *reader) arrive() {
	r.t.Helper()
	r.clock.Advance(time.Minute)
	row := store.ListedRow{XID: follows(r.n, "").ID, Handle: r.handle("wader_" + string(rune('0'+r.n)) + "@flock.test")}
	source := "list " + string(rune('0'+r.n))
	_, err := r.store.SaveList(r.t.Context(), store.PublicList{Source: source, Rows: 1, ImportedAt: r.clock.Now()}, []store.ListedRow{row})
	r.ok(err)
	r.n++
	r.drive(30 * time.Minute)
}

// told are the texts of the letters about arrivals so far.
func (r *reader) told() (all []string) {
	for _, l := range r.box.letters {
		if l.Subject == "arrivals" {
			all = append(all, strings.TrimSpace(l.Text))
		}
	}
	return all
}

// TestMailTellsOnce: nothing before the link was pressed; then who arrives is
// told once, together with those of the same hour, at most a letter a day; who
// was seen on the page is not told again.
func TestMailTellsOnce(t *testing.T) {
	r := newReader(t)
	r.ask()
	r.arrive()
	r.drive(12 * time.Hour)
	if len(r.box.letters) != 1 || r.box.letters[0].Subject != "confirm" || r.box.letters[0].To != address || !strings.HasPrefix(r.box.letters[0].Text, "zh-Hans ") {
		t.Fatalf("before the link was pressed: %+v", r.box.letters)
	}
	r.confirm()
	r.arrive()
	r.drive(2 * time.Hour)
	if got := r.told(); len(got) != 1 || got[0] != "wader_0@flock.test wader_1@flock.test" {
		t.Fatalf("told %q", got)
	}
	r.arrive()
	r.drive(20 * time.Hour)
	if got := r.told(); len(got) != 1 {
		t.Fatalf("a second letter in a day: %q", got)
	}
	r.drive(30 * time.Hour) // the clock stands still while nothing is due
	if got := r.told(); len(got) != 2 || got[1] != "wader_2@flock.test" {
		t.Fatalf("told %q", got)
	}
	r.arrive()
	r.ok(r.store.SeenArrivals(t.Context(), r.user.ID, r.clock.Now(), r.clock.Now()))
	r.drive(60 * time.Hour)
	if got := r.told(); len(got) != 2 {
		t.Errorf("told once more: %q", got)
	}
	if strings.Contains(r.log.String(), "canary") || strings.Contains(r.log.String(), "wader") {
		t.Errorf("names in the log: %s", r.log.String())
	}
}

// A server that takes nothing for now costs nobody a letter, and one that says
// "never" ends them.
func TestMailRefused(t *testing.T) {
	r := newReader(t)
	r.box.refuse = fault.New(fault.Unavailable, mail.CodeNotSent, "")
	r.ask()
	r.drive(time.Hour)
	r.box.refuse = nil
	r.drive(2 * time.Hour)
	if len(r.box.letters) != 1 {
		t.Fatalf("%d letters after the trouble", len(r.box.letters))
	}
	r.confirm()
	r.box.refuse = fault.New(fault.Unavailable, mail.CodeNotSent, "")
	r.arrive()
	r.drive(3 * time.Hour)
	r.box.refuse = nil
	r.drive(3 * time.Hour)
	if got := r.told(); len(got) != 1 || got[0] != "wader_0@flock.test" {
		t.Fatalf("told %q", got)
	}
	r.box.refuse = fault.New(fault.Gone, mail.CodeRefused, "")
	r.arrive()
	r.drive(48 * time.Hour)
	if _, err := r.store.GetMail(t.Context(), r.user.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the address is kept: %v", err)
	}
}

// Links are no keys to each other, end with the address, and an address that
// nobody confirmed is swept; forgetting leaves nothing of one.
func TestMailLinksEnd(t *testing.T) {
	r := newReader(t)
	ctx := t.Context()
	r.ask()
	m, err := r.store.GetMail(ctx, r.user.ID)
	r.ok(err)
	confirm, err := r.store.MailName(ctx, m, store.ConfirmLink)
	r.ok(err)
	if _, err := r.store.MailOwner(ctx, confirm, store.StopLink, r.clock.Now()); !fault.Is(err, fault.NotFound) {
		t.Errorf("one link for the other: %v", err)
	}
	if _, err := r.store.MailOwner(ctx, confirm, store.ConfirmLink, r.clock.Now().Add(49*time.Hour)); !fault.Is(err, fault.NotFound) {
		t.Errorf("after two days: %v", err)
	}
	r.ok(r.store.AskMail(ctx, r.user.ID, "other@canary.example", "en", r.clock.Now()))
	if _, err := r.store.MailOwner(ctx, confirm, store.ConfirmLink, r.clock.Now()); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link of another address: %v", err)
	}
	r.ok(r.store.AskMail(ctx, r.user.ID, address, "en", r.clock.Now()))
	if err := r.store.AskMail(ctx, r.user.ID, address, "en", r.clock.Now()); !fault.Is(err, fault.Wait) {
		t.Errorf("a fourth address in a day: %v", err)
	}
	r.clock.Advance(49 * time.Hour)
	_, err = r.store.Sweep(ctx, r.clock.Now())
	r.ok(err)
	if _, err := r.store.GetMail(ctx, r.user.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("not swept: %v", err)
	}
	r.ok(r.store.AskMail(ctx, r.user.ID, address, "en", r.clock.Now()))
	var export bytes.Buffer
	r.ok(r.store.ExportUser(ctx, r.user.ID, &export))
	if !strings.Contains(export.String(), address) {
		t.Error("the export keeps the address from its owner")
	}
	_, err = r.store.Forget(ctx, r.user.ID)
	r.ok(err)
	if _, err := r.store.GetMail(ctx, r.user.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("not forgotten: %v", err)
	}
}
