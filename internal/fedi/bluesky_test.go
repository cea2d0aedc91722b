package fedi

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fault"
)

const paula = "did:plc:4rg4rcz5sql2wwl4fecq7tya"

// paulasDocument is as the reference network gave it, but for the server's
// address, which is plain http there.
const paulasDocument = `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/suites/secp256k1-2019/v1"],"id":"` + paula + `","alsoKnownAs":["at://paula.test"],
"verificationMethod":[{"id":"#atproto","type":"EcdsaSecp256k1VerificationKey2019","controller":"` + paula + `","publicKeyMultibase":"x"}],
"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test"}]}`

// paulasFollows are two pages of getFollows, as recorded.
var paulasFollows = []string{
	`{"follows":[{"did":"did:plc:ucb3kmen2wq4jtzlvbx343z7","handle":"peter.test","associated":{"activitySubscription":{"allowSubscriptions":"followers"}},"labels":[]}],"subject":{"did":"` + paula + `","handle":"paula.test"},"cursor":"second"}`,
	`{"follows":[{"did":"did:plc:65526mdpbqlultsnv5kufcdw","handle":"piotr.test","labels":[]}],"subject":{"did":"` + paula + `","handle":"paula.test"}}`,
}

// sky is a small AT Protocol network.
func sky(t *testing.T) (*world, *Door) {
	w := newWorld(t)
	w.pages("plc.test", map[string]http.HandlerFunc{"/" + paula: reply200("application/did+ld+json", paulasDocument)})
	w.pages("paula.test", map[string]http.HandlerFunc{})
	w.pages("alias.test", map[string]http.HandlerFunc{"/.well-known/atproto-did": reply200("text/plain", paula+"\n")})
	w.host("view.test", func(rw http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); {
		case r.URL.Path == "/xrpc/com.atproto.identity.resolveHandle" && q.Get("handle") == "paula.test":
			reply200("application/json; charset=utf-8", `{"did":"`+paula+`"}`)(rw, r)
		case r.URL.Path == "/xrpc/app.bsky.graph.getFollows" && q.Get("actor") == paula && q.Get("cursor") == "":
			reply200("application/json; charset=utf-8", paulasFollows[0])(rw, r)
		case r.URL.Path == "/xrpc/app.bsky.graph.getFollows" && q.Get("actor") == paula:
			reply200("application/json; charset=utf-8", paulasFollows[1])(rw, r)
		default:
			rw.Header().Set("Content-Type", "application/json; charset=utf-8")
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte(`{"error":"HandleNotFound","message":"Unable to resolve handle"}`))
		}
	})
	w.pages("pds.test", map[string]http.HandlerFunc{"/xrpc/com.atproto.sync.getRepo": reply200("application/vnd.ipld.car", "CAR")})
	return w, w.door(func(o *Options) { o.PLC, o.AppView, o.Pause = "https://plc.test", "https://view.test", -1 })
}

func TestFindBluesky(t *testing.T) {
	_, d := sky(t)
	for _, address := range []string{"at://paula.test", "at://Paula.test", "at://" + paula} {
		b, err := d.FindBluesky(t.Context(), address)
		if err != nil || b != (Bluesky{paula, "paula.test", "https://pds.test"}) {
			t.Errorf("%s: %+v, %v", address, b, err)
		}
	}
	for address, code := range map[string]string{
		"at://nobody.test": CodeNoBluesky, "at://alias.test": CodeOtherBluesky, "at://did:plc:65526mdpbqlultsnv5kufcdw": CodeNoBluesky,
		"at://did:key:x": CodeNotBluesky, "at://": CodeNotBluesky, "at://a b": CodeNotBluesky, "at://paula.test:8443": CodeNotBluesky, "at://127.0.0.1": CodeNotBluesky,
	} {
		_, err := d.FindBluesky(t.Context(), address)
		if f, ok := err.(*fault.Fault); !ok || f.Code != code {
			t.Errorf("%s: %v, want %s", address, err, code)
		}
	}
}

func TestReadBluesky(t *testing.T) {
	w, d := sky(t)
	b, err := d.FindBluesky(t.Context(), "at://"+paula)
	if err != nil {
		t.Fatal(err)
	}
	var repo, follows bytes.Buffer
	if err := d.BlueskyRepo(t.Context(), b, &repo); err != nil || repo.String() != "CAR" {
		t.Errorf("repository %q, %v", repo.String(), err)
	}
	people := 0
	if err := d.BlueskyFollows(t.Context(), b, &follows, func(n int) { people = n }); err != nil || people != 2 || follows.String() != strings.Join(paulasFollows, "\n")+"\n" {
		t.Errorf("%d people, %v, %q", people, err, follows.String())
	}
	for _, r := range w.requests("view.test") {
		if r.header.Get("Authorization") != "" || r.method != http.MethodGet {
			t.Errorf("asked with %s %v", r.method, r.header)
		}
	}
	b.PDS = "https://view.test"
	if f, ok := d.BlueskyRepo(t.Context(), b, &repo).(*fault.Fault); !ok || f.Code != CodeBlueskyNoRepo {
		t.Errorf("a server without the repository: %v", f)
	}
}

// NET-01: a DID's document cannot lead where the door does not go, nor a server
// that redirects.
func TestNET01BlueskyServers(t *testing.T) {
	w, d := sky(t)
	for name, endpoint := range map[string]string{"plain": "http://pds.test", "loopback": "https://127.0.0.1", "path": "https://pds.test/x", "user": "https://u@pds.test", "none": ""} {
		w.pages("plc.test", map[string]http.HandlerFunc{"/" + paula: reply200("application/json", strings.Replace(paulasDocument, "https://pds.test", endpoint, 1))})
		if b, err := d.FindBluesky(t.Context(), "at://"+paula); err == nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
	w.pages("pds.test", map[string]http.HandlerFunc{"/xrpc/com.atproto.sync.getRepo": redirectTo(http.StatusFound, "https://10.0.0.1/repo")})
	var repo bytes.Buffer
	if err := d.BlueskyRepo(t.Context(), Bluesky{DID: paula, PDS: "https://pds.test"}, &repo); err == nil || repo.Len() > 0 {
		t.Errorf("a redirect inside was followed: %v", err)
	}
	w.pages("pds.test", map[string]http.HandlerFunc{"/xrpc/com.atproto.sync.getRepo": redirectTo(http.StatusFound, "https://other.test/repo")})
	w.pages("other.test", map[string]http.HandlerFunc{"/repo": reply200("application/vnd.ipld.car", "CAR")})
	if err := d.BlueskyRepo(t.Context(), Bluesky{DID: paula, PDS: "https://pds.test"}, &repo); err != nil || repo.String() != "CAR" {
		t.Errorf("a redirect: %q, %v", repo.String(), err)
	}
}

// A repository larger than the bound is no shorter one.
func TestBlueskyDownloadIsBounded(t *testing.T) {
	w, d := sky(t)
	w.pages("pds.test", map[string]http.HandlerFunc{"/big": reply200("application/vnd.ipld.car", strings.Repeat("x", 1000))})
	var got bytes.Buffer
	if _, err := d.download(t.Context(), "https://pds.test/big", "*/*", &got, 999); err == nil {
		t.Error("taken")
	}
	if _, err := d.download(t.Context(), "https://pds.test/big", "*/*", &got, 1000); err != nil {
		t.Error(err)
	}
}
