package worker

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

var author = importertest.Person{ID: "4321", Username: "me_on_x", Name: "Me"}

// diary is an archive of n posts, one an hour: every fifth answers the one
// before, and every fourth has a picture.
func diary(t testing.TB, n int) importertest.Archive {
	a := importertest.Archive{Owner: author, ExportedAt: start, Extra: map[string]string{}}
	body := picture(t, 32, 24)
	first := start.AddDate(-1, 0, 0)
	for i := range n {
		id := importertest.IDAt(first.Add(time.Duration(i)*time.Hour), 7)
		tw := importertest.Tweet{ID: id, Text: fmt.Sprintf("Post %d about waders & tides", i)}
		if i%5 == 1 {
			tw.ReplyTo = importertest.Reply{Status: a.Tweets[i-1].ID, To: author}
		}
		if i%4 == 0 {
			m := importertest.Media{Kind: "photo", File: fmt.Sprintf("pic%d", i), Missing: true}
			tw.Media = []importertest.Media{m}
			a.Extra["data/tweets_media/"+m.FileName(id)] = body
		}
		a.Tweets = append(a.Tweets, tw)
	}
	return a
}

// picture is a JPEG of so many pixels.
func picture(t testing.TB, width, height int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.Set(i%width, i/width, color.RGBA{uint8(i), uint8(i / width), 80, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (r *rig) archive(a importertest.Archive) []byte {
	r.t.Helper()
	var b bytes.Buffer
	r.ok(importertest.WriteArchive(&b, a))
	return b.Bytes()
}

// mirroring is a rig with an archive to be carried over.
type mirroring struct {
	*rig
	home *feditest.Host
	d    social.Destination
	m    social.Mirror
}

func newMirroring(t *testing.T, fl social.Flavour, a importertest.Archive) *mirroring {
	t.Helper()
	r := newRig(t)
	home := r.world.AddHost("home.test", fl)
	home.AddAccount("me")
	k := &mirroring{rig: r, home: home}
	x := r.giveHeld("x.zip", r.archive(a))
	k.d = r.follower(home, "me")
	r.drive(time.Hour)
	var err error
	k.m, err = r.store.SaveMirror(t.Context(), r.user.ID, k.d.ID, x.ID, bridge.DefaultRules("en"), r.clock.Now())
	r.ok(err)
	r.drive(time.Minute)
	k.reload()
	if k.m.PlannedAt.IsZero() {
		t.Fatalf("not planned: %+v", k.m)
	}
	return k
}

// giveHeld is give for an upload that is kept for a Mirror.
func (r *rig) giveHeld(name string, body []byte) social.Source {
	r.t.Helper()
	u, err := r.spool.Create(int64(len(body)))
	r.ok(err)
	file, err := u.File(name)
	r.ok(err)
	_, err = file.Write(body)
	r.ok(err)
	spooled, err := u.Close()
	r.ok(err)
	x, _, err := r.store.CreateSource(r.t.Context(), social.Source{UserID: r.user.ID, Name: name, Digest: name, Spool: spooled, Hold: true, Bytes: int64(len(body))}, r.clock.Now())
	r.ok(err)
	return x
}

func (k *mirroring) reload() {
	k.t.Helper()
	var err error
	k.m, err = k.store.GetMirror(k.t.Context(), k.user.ID, k.m.ID)
	k.ok(err)
}

func (k *mirroring) begin() {
	k.t.Helper()
	k.ok(k.store.StartMirror(k.t.Context(), k.user.ID, k.m.ID, k.clock.Now()))
}

// rows are the ledger's, in the order of the plan.
func (k *mirroring) rows() (all []social.StatusJob) {
	k.t.Helper()
	for offset := 0; ; offset += 200 {
		page, total, err := k.store.ListMirrorPosts(k.t.Context(), k.user.ID, store.MirrorFilter{MirrorID: k.m.ID, Offset: offset, Limit: 200})
		k.ok(err)
		for _, p := range page {
			all = append(all, p.Jobs...)
		}
		if offset+200 >= total {
			return all
		}
	}
}

// standing are the statuses that stand, by their ids.
func (k *mirroring) standing() map[string]feditest.Posted {
	all := map[string]feditest.Posted{}
	for _, st := range k.world.Statuses("me@home.test") {
		if !st.Deleted {
			all[st.ID] = st
		}
	}
	return all
}

// check holds the server's truth against the ledger: as many statuses stand as
// rows were sent, each with its words and files, and below what it answers.
func (k *mirroring) check(want int) {
	k.t.Helper()
	rows, stands := k.rows(), k.standing()
	byID := map[int64]social.StatusJob{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	for _, row := range rows {
		st, ok := stands[string(row.RemoteID)]
		switch {
		case row.State != social.StatusSent || !ok:
			k.t.Errorf("row %d is %s (%s), its status stands: %v", row.ID, row.State, row.Reason, ok)
		case st.Text != row.Draft.Text || len(st.Files) != len(row.Draft.Files) || st.Visibility != string(row.Draft.Visibility) || st.Told != 0:
			k.t.Errorf("row %d %q stands as %+v", row.ID, row.Draft.Text, st)
		case st.InReplyTo != string(byID[row.ParentID].RemoteID):
			k.t.Errorf("row %d answers %q, want %q", row.ID, st.InReplyTo, byID[row.ParentID].RemoteID)
		}
	}
	if len(rows) != want || len(stands) != want {
		k.t.Errorf("%d rows, %d statuses stand, want %d", len(rows), len(stands), want)
	}
}

func TestMirrorFromEndToEnd(t *testing.T) {
	k := newMirroring(t, social.Mastodon, diary(t, 20))
	if p := k.m.Plan; p.Posts != 20 || p.Statuses != 20 || p.Files != 5 || p.Threads != 4 {
		t.Fatalf("planned %+v", p)
	}
	if n := len(k.standing()); n != 0 {
		t.Fatalf("%d statuses stand before the start", n)
	}
	k.begin()
	k.drive(month)
	k.check(20)
	if n := k.world.Stats("home.test").RateLimited; n != 0 {
		t.Errorf("%d answers 429", n)
	}
	if x := k.source(k.m.SourceID); x.Hold || x.Spool != "" {
		t.Errorf("the archive is kept: %+v", x)
	}
	n, err := k.store.UndoMirror(t.Context(), k.user.ID, k.m.ID, k.clock.Now())
	k.ok(err)
	if n != 20 {
		t.Errorf("%d are to be undone", n)
	}
	k.drive(month)
	if left := k.standing(); len(left) != 0 {
		t.Errorf("%d statuses are left", len(left))
	}
}
