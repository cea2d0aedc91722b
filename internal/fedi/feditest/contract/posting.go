package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// postManner is where the flavours differ about statuses and files.
type postManner struct {
	ignoresKeys    bool
	backdates      bool
	long           int  // a text of so many characters is too long, 0 where none is
	countsLinks    bool // every character of a link counts
	unknownParent  int
	unknownFile    int
	badVisibility  int
	listsFollowers bool // its list of statuses has those for followers
	tellsText      bool
	refusesText    bool // a text is no file
	deletesLate    bool // a deleted status is shown for a moment longer
	tellsFile      bool // an uploaded file can be asked after
}

var postManners = map[social.Flavour]postManner{
	social.Mastodon:     {long: 501, unknownParent: 404, unknownFile: 200, badVisibility: 422, listsFollowers: true, refusesText: true, tellsFile: true},
	social.GoToSocial:   {deletesLate: true, ignoresKeys: true, backdates: true, long: 5001, countsLinks: true, unknownParent: 404, unknownFile: 400, badVisibility: 422, listsFollowers: true, tellsText: true, refusesText: true, tellsFile: true},
	social.Snac:         {ignoresKeys: true, backdates: true, unknownParent: 200, unknownFile: 200, badVisibility: 200},
	social.FlavourOther: {unknownParent: 500, unknownFile: 500, badVisibility: 400, listsFollowers: true, refusesText: true, tellsFile: true},
}

// poster is a Server that is posted to.
type poster struct {
	*suite
	p    postManner
	home *fedi.Home
	id   social.RemoteID
}

// RunPosting states what a server of each flavour does with statuses and files,
// over plain HTTP and by home, the client that Godwit posts with. It deletes
// what it posted, and makes about forty requests.
func RunPosting(t *testing.T, s Server, home *fedi.Home) {
	if s.Flavour == "" {
		s.Flavour = detect(t, s)
	}
	u := &poster{suite: &suite{Server: s}, p: postManners[s.Flavour], home: home}
	u.get(t, "/api/v1/accounts/verify_credentials", 200).into(t, &u.me)
	u.id = social.RemoteID(u.me.ID)
	t.Run("plain", u.plain)
	t.Run("refusals", u.refusals)
	t.Run("keys", u.keys)
	t.Run("dates", u.dates)
	t.Run("thread", u.thread)
	t.Run("files", u.files)
}

func (u *poster) draft(text string) social.Outgoing {
	return social.Outgoing{Draft: social.Draft{Text: text, Visibility: social.VisibleUnlisted, Language: "en"}, Key: fmt.Sprintf("contract-%d", time.Now().UnixNano())}
}

// send posts by the client, and deletes the status when the test is over.
func (u *poster) send(t *testing.T, o social.Outgoing) social.RemoteStatus {
	t.Helper()
	st, err := u.home.Post(t.Context(), o)
	if err != nil {
		t.Fatalf("%.40q: %v", o.Text, err)
	}
	t.Cleanup(func() {
		if err := u.home.DeleteStatus(context.WithoutCancel(t.Context()), st.ID); err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("deleting %s: %v", st.ID, err)
		}
	})
	return st
}

func (u *poster) listed(t *testing.T, id social.RemoteID) bool {
	t.Helper()
	list, err := u.home.Statuses(t.Context(), u.id, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range list {
		if st.ID == id {
			return true
		}
	}
	return false
}

func (u *poster) plain(t *testing.T) {
	for _, v := range []social.Visibility{social.VisiblePublic, social.VisibleUnlisted, social.VisibleFollowers} {
		o := u.draft("A wader & <tides>, in two lines\nhttps://atlas.example.org/1 #tag")
		o.Visibility, o.Warning, o.Sensitive = v, "birds", true
		st := u.send(t, o)
		if st.Visibility != v || st.AccountID != u.id || st.Mentions != 0 || st.InReplyTo != "" || !st.EditedAt.IsZero() || (st.Source == o.Text) != u.p.tellsText {
			t.Errorf("%s: %+v", v, st)
		}
		if u.listed(t, st.ID) != (v != social.VisibleFollowers || u.p.listsFollowers) {
			t.Errorf("%s: in the list otherwise than known", v)
		}
		if again, err := u.home.Status(t.Context(), st.ID); err != nil || again.Content != st.Content {
			t.Errorf("%s: read as %+v, %v", v, again, err)
		}
		if err := u.home.DeleteStatus(t.Context(), st.ID); err != nil {
			t.Error(err)
		}
		if u.p.deletesLate {
			u.Settle(t)
		}
		if _, err := u.home.Status(t.Context(), st.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: after the deletion: %v", v, err)
		}
		if err := u.home.DeleteStatus(t.Context(), st.ID); err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: deleted again: %v", v, err)
		}
	}
}

// raw posts over plain HTTP and deletes what came of it.
func (u *poster) raw(t *testing.T, status int, body map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := u.ask(t, request{method: "POST", path: "/api/v1/statuses", json: string(encoded)}).want(t, status)
	var st struct{ ID string }
	if r.status == 200 {
		r.into(t, &st)
		u.ask(t, request{method: "DELETE", path: "/api/v1/statuses/" + st.ID}).want(t, 200)
	}
}

func (u *poster) refusals(t *testing.T) {
	u.raw(t, u.p.badVisibility, map[string]any{"status": "x", "visibility": "nonsense"})
	u.raw(t, u.p.unknownParent, map[string]any{"status": "x", "visibility": "unlisted", "in_reply_to_id": "01AAAAAAAAAAAAAAAAAAAAAAAA"})
	u.raw(t, u.p.unknownFile, map[string]any{"status": "x", "visibility": "unlisted", "media_ids": []string{"01AAAAAAAAAAAAAAAAAAAAAAAA"}})
	if u.p.long == 0 {
		return
	}
	for text, long := range map[string]bool{strings.Repeat("x", u.p.long): true, strings.Repeat("é", u.p.long-1): false,
		"https://atlas.example.org/" + strings.Repeat("a", u.p.long): u.p.countsLinks} {
		st, err := u.home.Post(t.Context(), u.draft(text))
		if f, ok := errors.AsType[*fault.Fault](err); (ok && f.Code == fedi.CodeTooLong) != long {
			t.Errorf("%.40q of %d: %v", text, len(text), err)
		}
		if err == nil && u.home.DeleteStatus(t.Context(), st.ID) != nil {
			t.Error("not deleted")
		}
	}
}

func (u *poster) keys(t *testing.T) {
	o := u.draft("once or twice")
	first, second := u.send(t, o), u.send(t, o)
	if (first.ID != second.ID) != u.p.ignoresKeys {
		t.Errorf("the same key: %s, then %s", first.ID, second.ID)
	}
}

func (u *poster) dates(t *testing.T) {
	o := u.draft("of old")
	o.At = time.Date(2012, 3, 4, 5, 6, 7, 0, time.UTC)
	if !u.p.backdates {
		if _, err := u.home.Post(t.Context(), o); !fault.Is(err, fault.Denied) {
			t.Errorf("%v", err)
		}
		return
	}
	st := u.send(t, o)
	if !st.CreatedAt.Equal(o.At) || !u.listed(t, st.ID) {
		t.Errorf("%+v", st)
	}
	reply := u.draft("of old too")
	reply.At, reply.InReplyTo = o.At.Add(time.Hour), st.ID
	if got := u.send(t, reply); !got.CreatedAt.Equal(reply.At) || got.InReplyTo != st.ID {
		t.Errorf("%+v", got)
	}
}

func (u *poster) thread(t *testing.T) {
	first := u.send(t, u.draft("one"))
	o := u.draft("two")
	o.InReplyTo = first.ID
	if st := u.send(t, o); st.InReplyTo != first.ID {
		t.Errorf("%+v", st)
	}
}

// picture is a small one in PNG.
func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		img.Set(x, x*3/4, color.NRGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fileOf(kind string, b []byte) fedi.File {
	return fedi.File{Type: kind, Size: int64(len(b)), Alt: "a wader, ümlaut, 日本語", FocusX: -0.5, FocusY: 0.25,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

func (u *poster) files(t *testing.T) {
	if u.NoMedia {
		t.Skip("this build of the server takes no files")
	}
	ctx := t.Context()
	f, err := u.home.UploadFile(ctx, fileOf("image/png", picture(t)))
	if err != nil || !f.Ready {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := u.home.File(ctx, f.ID); (err == nil) != u.p.tellsFile {
		t.Errorf("asked after: %v", err)
	}
	if _, err := u.home.Describe(ctx, f.ID, "other words"); err != nil {
		t.Errorf("described: %v", err)
	}
	o := u.draft("with a picture")
	o.FileIDs = []social.RemoteID{f.ID}
	if st := u.send(t, o); st.Files != 1 {
		t.Errorf("%+v", st)
	}
	if _, err := u.home.UploadFile(ctx, fileOf("text/plain", []byte("no picture"))); (err != nil) != u.p.refusesText {
		t.Errorf("a text: %v", err)
	}
}
