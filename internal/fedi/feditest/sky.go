package feditest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// Sky is a small AT Protocol network with one account: its directory, its view
// and the server with the account's repository. The forms of the answers are
// those of the reference server.
type Sky struct {
	DID, Handle string

	mu      sync.Mutex
	records []skyRecord // newest first
	blobs   map[string][]byte
}

type skyRecord struct {
	URI   string         `json:"uri"`
	CID   string         `json:"cid"`
	Value map[string]any `json:"value"`
}

// The hosts of a Sky.
const (
	SkyDirectory = "plc.test"
	SkyView      = "view.test"
	SkyServer    = "pds.test"
)

// AddSky adds one to the world.
func (w *World) AddSky() *Sky {
	s := &Sky{DID: "did:plc:4rg4rcz5sql2wwl4fecq7tya", Handle: "paula.test", blobs: map[string][]byte{}}
	document := map[string]any{"id": s.DID, "alsoKnownAs": []string{"at://" + s.Handle},
		"service": []any{map[string]any{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://" + SkyServer}}}
	w.AddHost(s.Handle, "").Handle("/", http.NotFoundHandler())
	w.AddHost(SkyDirectory, "").Handle("/"+s.DID, tell(func(*http.Request) any { return document }))
	w.AddHost(SkyView, "").Handle("/xrpc/com.atproto.identity.resolveHandle", tell(func(*http.Request) any { return map[string]any{"did": s.DID} }))
	server := w.AddHost(SkyServer, "")
	server.Handle("/xrpc/com.atproto.repo.listRecords", tell(s.list))
	server.Handle("/xrpc/com.atproto.sync.getBlob", http.HandlerFunc(s.blob))
	return s
}

func tell(what func(*http.Request) any) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(rw).Encode(what(r))
	})
}

// Post adds a record of a post with a key; value has its members.
func (s *Sky) Post(key string, value map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value["$type"] = "app.bsky.feed.post"
	s.records = slices.Insert(s.records, 0, skyRecord{URI: fmt.Sprintf("at://%s/app.bsky.feed.post/%s", s.DID, key), CID: "bafyrei" + key, Value: value})
}

// Delete takes the record of a key away.
func (s *Sky) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = slices.DeleteFunc(s.records, func(r skyRecord) bool { return r.CID == "bafyrei"+key })
}

// Blob keeps a file and returns how a record names it.
func (s *Sky) Blob(cid, kind string, body []byte) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[cid] = body
	return map[string]any{"$type": "blob", "ref": map[string]any{"$link": cid}, "mimeType": kind, "size": len(body)}
}

func (s *Sky) list(*http.Request) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"records": slices.Clone(s.records)}
}

func (s *Sky) blob(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, ok := s.blobs[r.URL.Query().Get("cid")]
	s.mu.Unlock()
	if !ok {
		http.Error(rw, `{"error":"BlobNotFound"}`, http.StatusBadRequest)
		return
	}
	_, _ = rw.Write(body)
}
