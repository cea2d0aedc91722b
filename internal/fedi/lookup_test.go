package fedi

import (
	"net/http"
	"testing"

	"godwit/internal/social"
)

func TestLookUpFound(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{
		webFingerPath: fingers(map[string]string{"acct:alice@a.test": "https://a.test/users/alice"}),
		"/users/alice": reply200(typeAS, `{"id":"https://a.test/users/alice","type":"Person","preferredUsername":"alice",
			"name":"Alice ‮","summary":"<p>Birds. <a href=\"https://x.com/alice\">old</a> #NoBot</p>","manuallyApprovesFollowers":true,
			"url":"https://a.test/@alice","attachment":[{"type":"PropertyValue","name":"Web","value":"<a href=\"https://alice.example\" rel=\"me\">alice</a>"}]}`),
	})
	r, err := w.door().LookUp(t.Context(), handle(t, "Alice@A.test"))
	if err != nil {
		t.Fatal(err)
	}
	if r.State != social.Found || r.Handle.String() != "alice@a.test" || r.ActorID != "https://a.test/users/alice" ||
		!r.Locked || !r.NoBot || r.Bot || r.Name != "Alice " || r.Profile != "https://a.test/@alice" {
		t.Errorf("got %+v", r)
	}
	if len(r.Links) != 2 || r.Links[0] != "https://x.com/alice" || r.Links[1] != "https://alice.example" {
		t.Errorf("links %q", r.Links)
	}
	if n := len(w.requests("a.test")); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}
