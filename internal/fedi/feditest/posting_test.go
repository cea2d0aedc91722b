package feditest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

var postingFlavours = []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac, social.FlavourOther}

// send makes a request with a JSON body, or none.
func (b *bench) send(t *testing.T, method, path, token string, body map[string]any, headers ...string) got {
	t.Helper()
	var payload io.Reader
	if body != nil {
		encoded, _ := json.Marshal(body)
		payload = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://home.test"+path, payload)
	if err != nil {
		t.Fatal(err)
	}
	r.GetBody = nil // a key would have the transport send it again
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := b.client.Do(r)
	if err != nil {
		return got{}
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	return got{a.StatusCode, a.Header, string(text)}
}

func (b *bench) write(t *testing.T, token, text string, more ...any) got {
	t.Helper()
	body := map[string]any{"status": text, "visibility": "unlisted"}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return b.send(t, "POST", "/api/v1/statuses", token, body)
}

// TestPostingFates is what each flavour says to a status.
func TestPostingFates(t *testing.T) {
	for _, c := range []struct {
		fl     social.Flavour
		what   string
		more   []any
		status int
		said   string
	}{
		{social.Mastodon, "plain", nil, 200, `"visibility":"unlisted"`},
		{social.Mastodon, strings.Repeat("x", 501), nil, 422, "character limit of 500"},
		{social.Mastodon, "https://example.test/" + strings.Repeat("x", 600), nil, 200, `"id"`},
		{social.Mastodon, "old", []any{"scheduled_at", "2012-03-04T05:06:07Z"}, 200, `"created_at":"2026-`},
		{social.Mastodon, "hi @bob", []any{"allowed_mentions", []string{}}, 200, `"mentions":[]`}, // no bob here
		{social.Mastodon, "hi @carol", []any{"allowed_mentions", []string{}}, 422, "not expected"},
		{social.Mastodon, "x", []any{"in_reply_to_id", "77"}, 404, "Record not found"},
		{social.GoToSocial, strings.Repeat("x", 5001), nil, 400, "exceed max chars (5000)"},
		{social.GoToSocial, strings.Repeat("👨‍👩‍👧‍👦", 1000), nil, 400, "exceed max chars"},
		{social.GoToSocial, strings.Repeat("https://example.test/"+strings.Repeat("a", 80)+" ", 60), nil, 400, "exceed max chars"},
		{social.GoToSocial, "old", []any{"scheduled_at", "2012-03-04T05:06:07Z"}, 200, `"created_at":"2012-03-04T05:06:07.000Z"`},
		{social.GoToSocial, "soon", []any{"scheduled_at", "2026-11-24T05:06:07Z"}, 422, "in the future"},
		{social.GoToSocial, "old @carol", []any{"scheduled_at", "2012-03-04T05:06:07Z"}, 403, "can't be backfilled"},
		{social.GoToSocial, "epoch", []any{"scheduled_at", "1969-01-01T00:00:00Z"}, 406, "epoch"},
		{social.GoToSocial, "hi @carol", []any{"allowed_mentions", []string{}}, 200, `"acct":"carol"`},
		{social.GoToSocial, "bad", []any{"visibility", "followers"}, 422, "invalid visibility"},
		{social.GoToSocial, "x", []any{"media_ids", []string{"01A"}}, 400, "media not found: 01A"},
		{social.Snac, "bad", []any{"visibility", "nonsense"}, 200, `"visibility":"direct"`},
		{social.Snac, "x", []any{"in_reply_to_id", "77", "media_ids", []string{"nope"}}, 200, `"media_attachments":[]`},
		{social.Snac, "old", []any{"scheduled_at", "2012-03-04T05:06:07Z"}, 200, `"created_at":"2012-03-04T05:06:07.000Z"`},
		{social.Snac, "hi @carol", nil, 200, `"mentions":[]`},
		{social.FlavourOther, "past", []any{"scheduled_at", "2012-03-04T05:06:07Z"}, 200, `"created_at":"2026-`},
		{social.FlavourOther, "x", []any{"in_reply_to_id", "77"}, 500, ""},
		{social.FlavourOther, "", nil, 400, "ZodError"},
	} {
		t.Run(fmt.Sprintf("%s %.12s", c.fl, c.what), func(t *testing.T) {
			b := newBench(t)
			h, token := b.home(c.fl)
			h.AddAccount("carol")
			r := b.write(t, token, c.what, c.more...)
			if r.status != c.status || !strings.Contains(r.body, c.said) {
				t.Errorf("%d %.300s, want %d %s", r.status, r.body, c.status, c.said)
			}
			want := 0
			if c.status == 200 {
				want = 1
			}
			if made := b.Statuses("alice@home.test"); len(made) != want {
				t.Errorf("%d statuses stand", len(made))
			}
		})
	}
}

func TestIdempotencyKeys(t *testing.T) {
	for fl, want := range map[social.Flavour]int{social.Mastodon: 1, social.FlavourOther: 1, social.GoToSocial: 2, social.Snac: 2} {
		b := newBench(t)
		h, token := b.home(fl)
		body := map[string]any{"status": "once", "visibility": "public"}
		for range 2 {
			if r := b.send(t, "POST", "/api/v1/statuses", token, body, "Idempotency-Key", "k"); r.status != 200 {
				t.Errorf("%s: %d %s", fl, r.status, r.body)
			}
		}
		if n := len(b.Statuses("alice@home.test")); n != want {
			t.Errorf("%s: %d statuses, want %d", fl, n, want)
		}
		if fl != social.Mastodon {
			continue
		}
		h.Remove(b.Statuses("alice@home.test")[0].ID)
		if r := b.send(t, "POST", "/api/v1/statuses", token, body, "Idempotency-Key", "k"); r.status != 404 {
			t.Errorf("the key of a deleted status: %d", r.status)
		}
		b.clock.Advance(time.Hour)
		b.send(t, "POST", "/api/v1/statuses", token, body, "Idempotency-Key", "k")
		if n := len(b.Statuses("alice@home.test")); n != 2 {
			t.Errorf("an hour later: %d statuses", n)
		}
	}
}

// TestPostingLimits: Mastodon's three families, each by its own headers.
func TestPostingLimits(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	var ids []string
	for i := range 301 {
		b.clock.Advance(2 * time.Second)
		r := b.write(t, token, fmt.Sprint("post ", i))
		var st struct{ ID string }
		json.Unmarshal([]byte(r.body), &st)
		ids = append(ids, st.ID)
		if want := map[bool]int{true: 429, false: 200}[i == 300]; r.status != want {
			t.Fatalf("post %d: %d %s", i, r.status, r.body)
		}
	}
	b.clock.Advance(10 * time.Minute)
	for i := range 31 {
		r := b.send(t, "DELETE", "/api/v1/statuses/"+ids[i], token, nil)
		if want := map[bool]int{true: 429, false: 200}[i == 30]; r.status != want || r.header.Get("X-RateLimit-Limit") != "30" {
			t.Fatalf("deletion %d: %d %v", i, r.status, r.header)
		}
	}
	for i := range 31 {
		r := b.sendFile(t, token, "image/png", "alt")
		if want := map[bool]int{true: 429, false: 200}[i == 30]; r.status != want {
			t.Fatalf("upload %d: %d %s", i, r.status, r.body)
		}
	}
}

func (b *bench) sendFile(t *testing.T, token, kind, alt string) got {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("description", alt)
	part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="f"`}, "Content-Type": {kind}})
	part.Write([]byte("wader"))
	w.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://home.test/api/v2/media", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	return got{a.StatusCode, a.Header, string(text)}
}

func TestUploads(t *testing.T) {
	for _, fl := range postingFlavours {
		b := newBench(t)
		h, token := b.home(fl)
		h.Working(2)
		var file struct{ ID string }
		r := b.sendFile(t, token, "image/png", "a wader")
		json.Unmarshal([]byte(r.body), &file)
		up := b.Uploads("alice@home.test")
		if r.status != 202 || len(up) != 1 || up[0].Size != 5 || up[0].Alt != "a wader" || len(up[0].SHA256) != 64 {
			t.Fatalf("%s: %d %s, %+v", fl, r.status, r.body, up)
		}
		if fl != social.Snac {
			for i, want := range []int{206, 200} {
				if r := b.send(t, "GET", "/api/v1/media/"+file.ID, token, nil); r.status != want {
					t.Errorf("%s, asked %d times: %d", fl, i+1, r.status)
				}
			}
		}
		b.send(t, "PUT", "/api/v1/media/"+file.ID, token, map[string]any{"description": "another"})
		if r := b.write(t, token, "with it", "media_ids", []string{file.ID}); r.status != 200 {
			t.Errorf("%s: %d %s", fl, r.status, r.body)
		}
		if st := b.Statuses("alice@home.test"); len(st) != 1 || len(st[0].Files) != 1 || st[0].Files[0].Alt != "another" {
			t.Errorf("%s: %+v", fl, st)
		}
	}
	b := newBench(t)
	_, token := b.home(social.GoToSocial)
	if r := b.sendFile(t, token, "text/plain", ""); r.status != 422 {
		t.Errorf("a text: %d", r.status)
	}
}

func TestStatusPages(t *testing.T) {
	for _, fl := range postingFlavours {
		b := newBench(t)
		h, token := b.home(fl)
		for i := range 50 {
			b.clock.Advance(time.Second)
			h.accounts["alice"].Write(fmt.Sprint("by hand ", i))
		}
		b.clock.Advance(time.Second)
		b.write(t, token, "for followers", "visibility", "private")
		seen, before := 0, ""
		for range 3 {
			var page []struct{ ID, Content string }
			json.Unmarshal([]byte(b.send(t, "GET", "/api/v1/accounts/"+h.ids[h.accounts["alice"]]+"/statuses?limit=40&max_id="+before, token, nil).body), &page)
			if len(page) == 0 || page[len(page)-1].ID == before {
				break
			}
			seen += len(page)
			before = page[len(page)-1].ID
		}
		if want := map[bool]int{true: 40, false: 51}[fl == social.Snac]; seen != want {
			t.Errorf("%s: %d statuses seen, want %d", fl, seen, want)
		}
	}
}

func TestPostingTroubles(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.Mastodon)
	h.Lagging(30 * time.Second)
	h.Widening(true)
	h.Characters(10)
	if r := b.write(t, token, "eleven char", "visibility", "private"); r.status != 422 {
		t.Errorf("too long: %d", r.status)
	}
	if r := b.write(t, token, "short", "visibility", "private"); !strings.Contains(r.body, `"visibility":"public"`) {
		t.Errorf("wider: %s", r.body)
	}
	list := "/api/v1/accounts/" + h.ids[h.accounts["alice"]] + "/statuses"
	if r := b.send(t, "GET", list, token, nil); r.body != "[]" {
		t.Errorf("at once: %s", r.body)
	}
	b.clock.Advance(30 * time.Second)
	id := b.Statuses("alice@home.test")[0].ID
	if r := b.send(t, "GET", list, token, nil); !strings.Contains(r.body, id) {
		t.Errorf("later: %s", r.body)
	}
	h.Edit(id, "by hand")
	if r := b.send(t, "GET", "/api/v1/statuses/"+id, token, nil); !strings.Contains(r.body, `"edited_at":"2026`) {
		t.Errorf("edited: %s", r.body)
	}
	h.Remove(id)
	if r := b.send(t, "DELETE", "/api/v1/statuses/"+id, token, nil); r.status != 404 {
		t.Errorf("deleted twice: %d", r.status)
	}
}
