package fedi

import (
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// A directory offers only people who chose to be found and say nothing else,
// each with the one account on X that the profile names.
func TestDirectory(t *testing.T) {
	const x = `"fields":[{"name":"X","value":"<a href=\"https://x.com/%\" rel=\"me\">x.com/%</a>"}]`
	account := func(user, more string) string {
		return `{"username":"` + user + `","acct":"` + user + `",` + more + strings.ReplaceAll(x, "%", user+"_x") + `}`
	}
	yes := `"discoverable":true,`
	list := []string{
		account("alice", yes+`"indexable":true,`), account("bob", yes),
		account("silent", ""), account("no", `"discoverable":false,`), account("noindex", yes+`"noindex":true,`), account("unindexed", yes+`"indexable":false,`),
		account("nobot", yes+`"note":"<p>hi #<span>nobot</span> </p>",`), account("nobridge", yes+`"display_name":"me #nobridge",`), account("robot", yes+`"bot":true,`),
		account("gone", yes+`"moved":{"id":"1"},`), account("remembered", yes+`"memorial":true,`), account("limited", yes+`"limited":true,`),
		`{"username":"two","acct":"two",` + yes + `"note":"https://x.com/one https://twitter.com/other"}`,
		`{"username":"post","acct":"post",` + yes + `"note":"https://x.com/one/status/1"}`,
		`{"username":"far","acct":"far@other.test",` + yes + `"note":"https://x.com/far"}`,
		`{"username":"slash","acct":"slash",` + yes + `"note":"my X: https://twitter.com/Slash_X/"}`,
		`7`, `{"username":{}}`,
	}
	w := newWorld(t)
	pages := map[string]http.HandlerFunc{"/api/v1/directory": func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("offset") == "0" && r.URL.Query().Get("local") == "true" {
			_, _ = rw.Write([]byte("[" + strings.Join(list, ",") + "]"))
			return
		}
		_, _ = rw.Write([]byte("[]"))
	}}
	w.pages("nest.test", pages)
	home := w.door().Home("nest.test", social.NewSecret("token"), social.Mastodon, nil)
	all, more, err := home.Directory(t.Context(), 0)
	if err != nil || more {
		t.Fatal(more, err)
	}
	want := []Offered{{"alice", "alice_x"}, {"bob", "bob_x"}, {"slash", "Slash_X"}}
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("%+v, want %+v", all[i], want[i])
		}
	}
	for role, may := range map[string]bool{`{"permissions":"1"}`: true, `{"permissions":"1024"}`: true, `{"permissions":"65536"}`: false, `{"permissions":"-1"}`: false, `null`: false, `{}`: false} {
		pages[verifyPath] = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte(`{"id":"1","role":` + role + `}`))
		}
		if err := home.MayOffer(t.Context()); (err == nil) != may || !may && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", role, err)
		}
	}
}
