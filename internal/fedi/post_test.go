package fedi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const oneStatus = `{"id":"11","url":"https://home.test/@me/11","account":{"id":"1"},"content":"<p>hi</p>","visibility":"unlisted",` +
	`"created_at":"2026-03-01T08:00:00.000Z","edited_at":null,"in_reply_to_id":null,"reblog":null,"media_attachments":[{"id":"5"}],"mentions":[{"id":"1"}]}`

func draft() social.Outgoing {
	return social.Outgoing{Draft: social.Draft{Text: "hi", Visibility: social.VisibleUnlisted, Language: "en"}, FileIDs: []social.RemoteID{"5"}, Key: "KEY"}
}

// TestENG02EverythingIsSaid: nothing is left to the server's own defaults.
func TestENG02EverythingIsSaid(t *testing.T) {
	past := time.Date(2012, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		fl    social.Flavour
		at    time.Time
		dated string // "" for nothing sent
		calls int
	}{
		{social.Mastodon, time.Time{}, "", 1},
		{social.GoToSocial, past, "2012-03-04T05:06:07.000Z", 1},
		{social.GoToSocial, time.Now().Add(time.Hour), "", 0},
		{social.Snac, past, "2012-03-04T05:06:07.000Z", 1},
		{social.Mastodon, past, "", 0},
		{social.FlavourOther, past, "", 0}, // Hollo posts at once
	} {
		var sent map[string]any
		calls, key := 0, ""
		_, h := answering(t, c.fl, func(rw http.ResponseWriter, r *http.Request) {
			calls++
			key = r.Header.Get("Idempotency-Key")
			json.NewDecoder(r.Body).Decode(&sent)
			reply200("application/json", oneStatus)(rw, r)
		})
		o := draft()
		o.At = c.at
		got, err := h.Post(t.Context(), o)
		if calls != c.calls {
			t.Errorf("%s at %v: %d calls", c.fl, c.at, calls)
		}
		if c.calls == 0 {
			if !fault.Is(err, fault.Denied) {
				t.Errorf("%s at %v: %v", c.fl, c.at, err)
			}
			continue
		}
		dated, _ := sent["scheduled_at"].(string)
		mentions, said := sent["allowed_mentions"].([]any)
		if sent["visibility"] != "unlisted" || sent["content_type"] != "text/plain" || !said || len(mentions) != 0 || key != "KEY" || dated != c.dated {
			t.Errorf("%s: sent %v, key %q", c.fl, sent, key)
		}
		if err != nil || got.ID != "11" || got.AccountID != "1" || got.Files != 1 || got.Mentions != 0 {
			t.Errorf("%s: %+v, %v", c.fl, got, err)
		}
	}
}

func TestPostRefusals(t *testing.T) {
	said := func(s string) string { return `{"error":"` + s + `"}` }
	for _, c := range []struct {
		fl     social.Flavour
		status int
		body   string
		kind   fault.Kind
		code   string
	}{
		{social.Mastodon, 422, said("Validation failed: Text character limit of 500 exceeded"), fault.Invalid, CodeTooLong},
		{social.GoToSocial, 400, said("Bad Request: text with spoiler exceed max chars (5000)"), fault.Invalid, CodeTooLong},
		{social.GoToSocial, 400, said("Bad Request: media not found: 01A"), fault.Invalid, CodeFileUnknown},
		{social.GoToSocial, 400, said("Bad Request: media already attached to status: 01A"), fault.Invalid, CodeFileUnknown},
		{social.GoToSocial, 404, said("Not Found: target status not found"), fault.Invalid, CodeStatusRefused},
		{social.GoToSocial, 403, said("Forbidden: statuses mentioning others can't be backfilled"), fault.Denied, CodeStatusRefused},
		{social.GoToSocial, 403, said("your account has Moved or is currently Moving"), fault.Paused, CodeAccountMoved},
		{social.GoToSocial, 406, said("Not Acceptable: statuses can't be backdated to or before the UNIX epoch"), fault.Invalid, CodeStatusRefused},
		{social.Mastodon, 422, said("Cannot attach files that have not finished processing. Try again in a moment!"), fault.Wait, CodeFileNotReady},
		{social.Mastodon, 422, `{"error":"Mentions","unexpected_accounts":[]}`, fault.Invalid, CodeStatusRefused},
		{social.Mastodon, 403, said("This action is outside the authorized scopes"), fault.Paused, CodePermissionLost},
		{social.Mastodon, 404, said("Record not found"), fault.Broken, CodeMalformed}, // the key's status was deleted: read back
		{social.Mastodon, 429, said("Too many requests"), fault.Wait, CodeSlowDown},
		{social.FlavourOther, 400, said("Duplicate idempotency key."), fault.Broken, CodeMalformed},
		{social.FlavourOther, 500, "", fault.Unavailable, CodeNotAnswering},
		{social.Snac, 422, "", fault.Paused, CodePermissionLost},
	} {
		_, h := answering(t, c.fl, saying(c.status, c.body, "Content-Type", "application/json"))
		_, err := h.Post(t.Context(), draft())
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.Kind != c.kind || f.Code != c.code {
			t.Errorf("%s %d %s: %v", c.fl, c.status, c.body, err)
		}
	}
}

func TestPostHostileAnswers(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "{}", "<html>", `{"id":"../1"}`,
		strings.Replace(oneStatus, `"id":"11"`, `"id":"1/../2"`, 1),
		strings.Replace(oneStatus, `"visibility":"unlisted",`, "", 1),
		strings.Replace(oneStatus, `"account":{"id":"1"},`, "", 1),
		strings.Replace(oneStatus, `"in_reply_to_id":null`, `"in_reply_to_id":"a b"`, 1),
		strings.Replace(oneStatus, "2026-03-01T08:00:00.000Z", "yesterday", 1),
		`{"id":"9","scheduled_at":"2030-01-01T00:00:00Z","params":{}}`,
		strings.Replace(oneStatus, "hi", strings.Repeat("x", maxAPI), 1),
	} {
		_, h := answering(t, social.Mastodon, reply200("application/json", body))
		if st, err := h.Post(t.Context(), draft()); !fault.Is(err, fault.Broken) {
			t.Errorf("%.60s: %+v, %v", body, st, err)
		}
		if st, err := h.Statuses(t.Context(), "1", ""); body != "[]" && err == nil {
			t.Errorf("a list of %.60s: %+v", body, st)
		}
	}
	_, h := answering(t, social.Mastodon, reply200("application/json", strings.Replace(oneStatus, "https://home.test/@me/11", "javascript:alert(1)", 1)))
	if st, err := h.Post(t.Context(), draft()); err != nil || st.URL != "" {
		t.Errorf("a link of %q, %v", st.URL, err)
	}
	_, h = answering(t, social.Mastodon, redirectTo(307, "https://elsewhere.test/"))
	if _, err := h.Post(t.Context(), draft()); !fault.Is(err, fault.Broken) {
		t.Errorf("redirect: %v", err)
	}
}

// TestENG01NothingBelowSendsAgain: the standard transport repeats a POST that
// bears an Idempotency-Key when a kept connection breaks before the answer.
func TestENG01NothingBelowSendsAgain(t *testing.T) {
	var posts atomic.Int32
	_, h := answering(t, social.GoToSocial, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			reply200("application/json", oneStatus)(rw, r)
			return
		}
		io.Copy(io.Discard, r.Body)
		posts.Add(1)
		conn, _, _ := http.NewResponseController(rw).Hijack()
		conn.Close()
	})
	if _, err := h.Status(t.Context(), "11"); err != nil { // leaves a connection to be used again
		t.Fatal(err)
	}
	if _, err := h.Post(t.Context(), draft()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("posted %d times", n)
	}
}

func TestStatusesPastReblogs(t *testing.T) {
	reblog := strings.Replace(strings.Replace(oneStatus, `"reblog":null`, `"reblog":{"id":"3"}`, 1), `"id":"11"`, `"id":"12"`, 1)
	asked := []string{}
	_, h := answering(t, social.FlavourOther, func(rw http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("max_id"))
		if len(asked) == 1 {
			reply200("application/json", "["+reblog+"]")(rw, r) // one that turns pages, but leaves them in
			return
		}
		reply200("application/json", "["+oneStatus+"]")(rw, r)
	})
	got, err := h.Statuses(t.Context(), "1", "")
	if err != nil || len(got) != 1 || got[0].ID != "11" || len(asked) != 2 || asked[1] != "12" {
		t.Errorf("%+v %v, asked %v", got, err, asked)
	}
}

// TestENG01ListsThatTurnNoPages: an empty page proves that nothing is there, so
// a server that has no pages must not seem to give one.
func TestENG01ListsThatTurnNoPages(t *testing.T) {
	list := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, strings.Replace(oneStatus, `"id":"11"`, fmt.Sprintf(`"id":"%d"`, 100+n-i), 1))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	for _, c := range []struct {
		n      int
		before social.RemoteID
		left   int
		fails  bool
	}{{3, "", 3, false}, {3, "103", 2, false}, {3, "101", 0, false}, {3, "77", 0, true}, {40, "101", 0, true}, {40, "102", 1, false}, {0, "101", 0, false}} {
		_, h := answering(t, social.Snac, reply200("application/json", list(c.n)))
		got, err := h.Statuses(t.Context(), "1", c.before)
		if len(got) != c.left || (err != nil) != c.fails {
			t.Errorf("%d before %q: %d, %v", c.n, c.before, len(got), err)
		}
	}
}

func TestStatusThatIsAway(t *testing.T) {
	for _, c := range []struct {
		fl   social.Flavour
		kind string
		away bool
	}{{social.Mastodon, "application/json", true}, {social.GoToSocial, "application/json", true}, {social.Snac, "text/html", true},
		{social.Mastodon, "text/html", false}} { // a proxy's own page
		_, h := answering(t, c.fl, saying(404, `{"error":"Record not found"}`, "Content-Type", c.kind))
		_, err := h.Status(t.Context(), "11")
		if fault.Is(err, fault.NotFound) != c.away {
			t.Errorf("%s %s: %v", c.fl, c.kind, err)
		}
		if err := h.DeleteStatus(t.Context(), "11"); fault.Is(err, fault.NotFound) != c.away {
			t.Errorf("%s %s: %v", c.fl, c.kind, err)
		}
	}
}

func picture(size int64, b []byte) File {
	return File{Type: "image/png", Size: size, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Alt: "a wader \"at dusk\"\nü", FocusX: -0.5, FocusY: 0.25}
}

func TestUploadStreams(t *testing.T) {
	content := bytes.Repeat([]byte("wader"), 100_000)
	for _, c := range []struct {
		paths []string // answered 404 first
		code  int
		ready bool
	}{{nil, 200, true}, {nil, 202, false}, {[]string{uploadPath}, 200, true}} {
		_, h := answering(t, social.Mastodon, func(rw http.ResponseWriter, r *http.Request) {
			if len(c.paths) > 0 && r.URL.Path == c.paths[0] {
				saying(404, `{"error":"x"}`, "Content-Type", "application/json")(rw, r)
				return
			}
			f, header, err := r.FormFile("file")
			if err != nil {
				t.Error(err)
				return
			}
			got, _ := io.ReadAll(f)
			if !bytes.Equal(got, content) || header.Filename != "file.png" || r.FormValue("description") != "a wader \"at dusk\"\nü" || r.FormValue("focus") != "-0.5000,0.2500" || r.ContentLength <= 0 {
				t.Errorf("arrived: %d bytes, %q, %v", len(got), header.Filename, r.Form)
			}
			saying(c.code, `{"id":"5"}`, "Content-Type", "application/json")(rw, r)
		})
		got, err := h.UploadFile(t.Context(), picture(int64(len(content)), content))
		if err != nil || got.ID != "5" || got.Ready != c.ready {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
}

func TestUploadRefusals(t *testing.T) {
	_, h := answering(t, social.Mastodon, saying(422, `{"error":"Validation failed"}`, "Content-Type", "application/json"))
	for name, c := range map[string]struct {
		file File
		kind fault.Kind
		code string
	}{
		"refused":    {picture(4, []byte("abcd")), fault.Invalid, CodeFileRefused},
		"too large":  {picture(maxUpload+1, nil), fault.TooLarge, CodeFileTooLarge},
		"nothing":    {picture(0, nil), fault.TooLarge, CodeFileTooLarge},
		"too short":  {picture(100_000, []byte("abcd")), fault.Unavailable, CodeFileUnreadable},
		"not opened": {File{Size: 4, Open: func() (io.ReadCloser, error) { return nil, net.ErrClosed }}, fault.Unavailable, CodeFileUnreadable},
	} {
		_, err := h.UploadFile(t.Context(), c.file)
		if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Kind != c.kind || f.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	absent := fault.New(fault.NotFound, "x", "x")
	p := h.Posting(func(context.Context, social.DraftFile) (File, error) { return File{}, absent })
	if _, err := p.Upload(t.Context(), social.DraftFile{}); !errors.Is(err, absent) {
		t.Errorf("absent: %v", err)
	}
}

func TestFileStates(t *testing.T) {
	for _, c := range []struct {
		code  int
		body  string
		ready bool
		kind  fault.Kind // of the error, where there is one
		fails bool
	}{
		{200, `{"id":"5"}`, true, 0, false},
		{206, `{"id":"5"}`, false, 0, false},
		{200, `{"id":"6"}`, false, fault.Broken, true},
		{404, `{"error":"Record not found"}`, false, fault.NotFound, true},
		{422, `{"error":"Error processing thumbnail for uploaded media"}`, false, fault.Invalid, true},
	} {
		_, h := answering(t, social.Mastodon, saying(c.code, c.body, "Content-Type", "application/json"))
		got, err := h.File(t.Context(), "5")
		if (err != nil) != c.fails || c.fails && !fault.Is(err, c.kind) || got.Ready != c.ready {
			t.Errorf("%d %s: %+v, %v", c.code, c.body, got, err)
		}
		if _, err := h.Describe(t.Context(), "5", "other words"); (err != nil) != c.fails {
			t.Errorf("describe, %d: %v", c.code, err)
		}
	}
}

func TestInstanceTellsPosting(t *testing.T) {
	body := `{"title":"Home","version":"4.5.0","configuration":{"statuses":{"max_characters":500,"max_media_attachments":4,"characters_reserved_per_url":23},
		"media_attachments":{"supported_mime_types":["image/png","nonsense"],"description_limit":1500,"image_size_limit":16777216,"image_matrix_limit":33177600,"video_size_limit":-1,"video_matrix_limit":9007199254740993}}}`
	want := social.PostingLimits{Characters: 500, LinkCharacters: 23, Files: 4, Description: 1500, Types: []string{"image/png"}, ImageBytes: 16 << 20, ImagePixels: 33177600}
	_, h := answering(t, social.Mastodon, reply200("application/json", body))
	got, err := h.Instance(t.Context())
	if err != nil || got.MaxChars != 500 || len(got.Posting.Types) != 1 || got.Posting.Types[0] != "image/png" {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Posting.Types, want.Types = nil, nil
	if got.Posting.ImagePixels != want.ImagePixels || got.Posting.VideoBytes != 0 || got.Posting.VideoPixels != 0 || got.Posting.LinkCharacters != 23 || got.Posting.Description != 1500 || got.Posting.Files != 4 {
		t.Errorf("%+v", got.Posting)
	}
	_, h = answering(t, social.GoToSocial, reply200("application/json", body))
	if got, err := h.Instance(t.Context()); err != nil || got.Posting.LinkCharacters != 0 {
		t.Errorf("GoToSocial counts links as they are: %+v, %v", got.Posting, err)
	}
}
