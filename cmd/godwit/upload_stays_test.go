package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	letterCanary = "CANARY-7f3a"
	letters      = `window.YTD.direct_messages.part0 = [ {"dmConversation":{"messages":[{"messageCreate":{"text":"` + letterCanary + `"}}]}} ]`
	oneFollowed  = `window.YTD.following.part0 = [ {"following":{"accountId":"12","userLink":"https://twitter.com/intent/user?user_id=12"}} ]`

	// recording makes the page that of a Godwit for others, and keeps what its
	// script sends.
	recording = `(() => {
		document.getElementById("give").dataset.filter = "";
		sessionStorage.sent = "";
		const send = XMLHttpRequest.prototype.send;
		XMLHttpRequest.prototype.send = function (body) {
			if (body instanceof ArrayBuffer) sessionStorage.sent += new TextDecoder("latin1").decode(body);
			return send.call(this, body);
		};
		return true;
	})()`
)

// TestZIP10WhatStaysIsNotSent gives the page of a Godwit for others what holds
// direct messages, in every way that a script could stumble over: of each only
// what is needed is sent, or nothing, with a sentence that says what to do.
func TestZIP10WhatStaysIsNotSent(t *testing.T) {
	p := newProgram(t, nil)
	b := newBrowser(t)
	b.do("open", chromedp.Navigate(p.serve()))
	give := strings.TrimSuffix(origin(b), "/") + "/sources/new"
	whole := wideZip()
	for i, tc := range []struct{ file, data, says, sent string }{
		{"twitter-2026-11-20-a.zip", packedZip(t, true, "data/following.js", oneFollowed, "data/direct-messages.js", letters), "is locked with a password, so your browser can't take out only what is needed. Nothing was sent. Unpack it", ""},
		{"twitter-2026-11-20-b.zip", whole[:len(whole)-30], "can't be opened: the download wasn't finished", ""},
		{"direct-messages.js", letters, "holds direct messages. They stay with you; nothing was sent.", ""},
		{"user_data_tiktok.json", `{"Direct Messages":["` + letterCanary, "can't be opened", ""},
		{"twitter-2026-11-20-c.zip", whole, "", oneFollowed},
		{"export.zip", "something before " + whole, "", oneFollowed},
		{"tiktok.zip", packedZip(t, false, "user_data_tiktok.json", `{"Profile And Settings":{"Following":{"Following":[{"Date":"x","UserName":"ida"}]}},"Direct Message":{"ChatHistory":["`+letterCanary+`"]}}`), "", `{"Profile And Settings":{"Following":{"Following":[{"Date":"x","UserName":"ida"}]}}}`},
	} {
		path := filepath.Join(t.TempDir(), tc.file)
		writeTestFile(t, path, tc.data)
		b.do("give", chromedp.Navigate(give))
		b.holds(recording)
		b.do("choose", chromedp.SetUploadFiles("#files", []string{path}), chromedp.Click("#send"))
		if tc.says == "" {
			b.until("sent", `/\/sources\/\d+$/.test(location.pathname)`)
		} else {
			b.until("refused", `document.querySelector(".drop .wrong") !== null`)
			if says := b.text(".drop .wrong"); !strings.Contains(says, tc.says) || !strings.Contains(says, tc.file) {
				t.Errorf("%d, %s: %q", i, tc.file, says)
			}
			b.shot("stays")
		}
		sent, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`sessionStorage.sent`))
		if err != nil || strings.Contains(sent, letterCanary) || !strings.Contains(sent, tc.sent) || (sent == "") != (tc.sent == "") {
			t.Errorf("%d, %s: %v, sent %q", i, tc.file, err, sent)
		}
	}
	b.done()
}

// holds evaluates what has to be true at once.
func (b *browser) holds(expression string) {
	b.t.Helper()
	if yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err != nil || !yes {
		b.fail(expression, err)
	}
}

// packedZip is a zip of files, each a name and a text; locked marks them as
// encrypted.
func packedZip(t *testing.T, locked bool, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		text := []byte(files[i+1])
		h := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		if locked {
			h.Method, h.Flags = zip.Store, 1
			h.CRC32, h.CompressedSize64, h.UncompressedSize64 = crc32.ChecksumIEEE(text), uint64(len(text)), uint64(len(text))
		}
		create := w.CreateHeader
		if locked {
			create = w.CreateRaw
		}
		f, err := create(h)
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wideZip is an export whose index is of 64 bits throughout, as tools write it
// that don't know beforehand how large an export becomes.
func wideZip() string {
	var body, index bytes.Buffer
	put := func(b *bytes.Buffer, values ...any) {
		for _, v := range values {
			if s, ok := v.(string); ok {
				b.WriteString(s)
				continue
			}
			_ = binary.Write(b, binary.LittleEndian, v)
		}
	}
	const full = 1<<32 - 1
	files := [][2]string{{"data/direct-messages.js", letters}, {"data/following.js", oneFollowed}}
	for _, f := range files {
		n, at, crc := uint64(len(f[1])), uint64(body.Len()), crc32.ChecksumIEEE([]byte(f[1]))
		put(&body, "PK\x03\x04", uint16(45), uint16(0), uint16(0), uint32(0), crc, uint32(full), uint32(full), uint16(len(f[0])), uint16(20), f[0], uint16(1), uint16(16), n, n, f[1])
		put(&index, "PK\x01\x02", uint16(45), uint16(45), uint16(0), uint16(0), uint32(0), crc, uint32(full), uint32(full), uint16(len(f[0])), uint16(28),
			uint16(0), uint16(0), uint16(0), uint32(0), uint32(full), f[0], uint16(1), uint16(24), n, n, at)
	}
	start, count := uint64(body.Len()), uint64(len(files))
	body.Write(index.Bytes())
	end := uint64(body.Len())
	put(&body, "PK\x06\x06", uint64(44), uint16(45), uint16(45), uint64(0), count, count, end-start, start, "PK\x06\x07", uint32(0), end, uint32(1),
		"PK\x05\x06", uint32(0), uint16(0xffff), uint16(0xffff), uint32(full), uint32(full), uint16(0))
	return body.String()
}
