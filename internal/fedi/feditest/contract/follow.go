package contract

import (
	"net/url"
	"strings"
	"testing"
)

type account struct {
	ID       string
	Username string
	Acct     string
	URL      string
	URI      string
	Locked   bool
}

type relation struct {
	ID        string
	Following bool
	Requested bool
}

func (u *suite) accounts(t *testing.T, q string, more string) []account {
	t.Helper()
	var found struct{ Accounts []account }
	u.get(t, "/api/v2/search?type=accounts&limit=1&q="+url.QueryEscape(q)+more, 200).into(t, &found)
	return found.Accounts
}

// resolved finds the account for a handle, or fails.
func (u *suite) resolved(t *testing.T, handle string) account {
	t.Helper()
	found := u.accounts(t, "@"+handle, "&resolve=true")
	if len(found) == 0 || !strings.EqualFold(found[0].Acct, handle) {
		t.Fatalf("the search for %s found %+v", handle, found)
	}
	return found[0]
}

func (u *suite) search(t *testing.T) {
	u.get(t, "/api/v1/accounts/lookup?acct="+url.QueryEscape("nobody-knows-me@"+hostOf(u.Remote)), u.m.lookupUnknown)
	a := u.resolved(t, u.Remote)
	if found := u.accounts(t, u.Remote, "&resolve=true"); len(found) != 1 || found[0].ID != a.ID {
		t.Errorf("without the @: %+v", found)
	}
	if found := u.accounts(t, "acct:"+u.Remote, "&resolve=true"); len(found) != 0 && u.m.software != "mastodon" {
		t.Errorf("with acct: %+v", found)
	}
	if found := u.accounts(t, "@"+strings.ToUpper(u.Remote), "&resolve=true"); (len(found) == 1) != u.m.upperSearch {
		t.Errorf("in upper case: %+v", found)
	}
	for _, missing := range []string{"@nobody-of-that-name@" + hostOf(u.Remote), "@x@no-such-host.test"} {
		if found := u.accounts(t, missing, "&resolve=true"); len(found) != 0 {
			t.Errorf("%s found %+v", missing, found)
		}
	}
	u.bare(t, "/api/v2/search?resolve=true&q="+url.QueryEscape("@"+u.Remote), u.m.searchNoToken)
	var list []account
	u.get(t, "/api/v1/accounts/search?resolve=true&limit=1&q="+url.QueryEscape("@"+u.Remote), 200).into(t, &list)
	if (len(list) == 1) != u.m.accountsSearch {
		t.Errorf("accounts/search: %+v", list)
	}
}

func hostOf(handle string) string {
	_, host, _ := strings.Cut(handle, "@")
	return host
}

func (u *suite) relation(t *testing.T, id string) relation {
	t.Helper()
	var all []relation
	u.get(t, "/api/v1/accounts/relationships?id[]="+id, 200).into(t, &all)
	if len(all) != 1 || all[0].ID != id {
		t.Fatalf("relationships: %+v", all)
	}
	return all[0]
}

func (u *suite) post(t *testing.T, id, act string, status int) relation {
	t.Helper()
	r := u.ask(t, request{method: "POST", path: "/api/v1/accounts/" + id + "/" + act}).want(t, status)
	var rel relation
	if status == 200 {
		r.into(t, &rel)
	}
	return rel
}

func (u *suite) follow(t *testing.T) {
	a := u.resolved(t, u.Remote)
	if r := u.relation(t, a.ID); r.Following || r.Requested {
		t.Fatalf("before: %+v; the account must not follow %s", r, u.Remote)
	}
	t.Cleanup(func() { u.post(t, a.ID, "unfollow", 200) })
	if r := u.post(t, a.ID, "follow", 200); r.Following != u.m.optimistic || r.Requested == u.m.optimistic {
		t.Errorf("the immediate answer: %+v", r)
	}
	u.Settle(t)
	if r := u.relation(t, a.ID); !r.Following || r.Requested {
		t.Errorf("after the Accept: %+v", r)
	}
	if r := u.post(t, a.ID, "follow", 200); !r.Following {
		t.Errorf("again: %+v", r)
	}
	u.listed(t, a)
	u.batch(t, a)
	u.post(t, u.me.ID, "follow", u.m.selfFollow)
	u.post(t, "0123456789abcdef0123456789abcdef", "follow", 404)
	for range 2 {
		if r := u.post(t, a.ID, "unfollow", 200); r.Following || r.Requested {
			t.Errorf("unfollowed: %+v", r)
		}
	}
}

// imports hands over a list: the answer comes at once and says nothing of it,
// the follow comes later, who is not found is passed over, and merging leaves
// alone what is there.
func (u *suite) imports(t *testing.T) {
	a := u.resolved(t, u.Remote)
	t.Cleanup(func() { u.post(t, a.ID, "unfollow", 200) })
	rows := "Account address,Show boosts,Notify on new posts,Languages\n" + u.Remote + ",true,false,\nnobody-of-that-name@" + hostOf(u.Remote) + ",true,false,\n"
	for range 2 {
		u.ask(t, request{method: "POST", path: "/api/v1/import", upload: map[string]string{"type": "following", "mode": "merge"}, file: rows}).want(t, 202)
		for range 2 { // for the list, and for the Accept
			u.Settle(t)
			u.relation(t, a.ID)
		}
		if r := u.relation(t, a.ID); !r.Following {
			t.Errorf("after the import: %+v", r)
		}
	}
	u.listed(t, a)
}

func (u *suite) listed(t *testing.T, a account) {
	r := u.get(t, "/api/v1/accounts/"+u.me.ID+"/following?limit=80", 200)
	var list []account
	r.into(t, &list)
	found := false
	for _, other := range list {
		found = found || other.ID == a.ID
	}
	if !found {
		t.Errorf("%s is not in the following list %+v", a.Acct, list)
	}
	if link := r.header.Get("Link"); len(list) < 80 && strings.Contains(link, `rel="next"`) != u.m.linkHeader {
		t.Errorf("Link: %q", link)
	}
}

func (u *suite) batch(t *testing.T, a account) {
	var all []relation
	u.get(t, "/api/v1/accounts/relationships?id[]="+a.ID+"&id[]="+u.me.ID, 200).into(t, &all)
	want := 1
	if u.m.manyRelations {
		want = 2
	}
	if len(all) != want {
		t.Errorf("relationships of two ids: %+v, want %d", all, want)
	}
}

func (u *suite) locked(t *testing.T) {
	a := u.resolved(t, u.Locked)
	t.Cleanup(func() { u.post(t, a.ID, "unfollow", 200) })
	if r := u.post(t, a.ID, "follow", 200); r.Requested != u.m.tellsPending {
		t.Errorf("the immediate answer: %+v", r)
	}
	u.Settle(t)
	if r := u.relation(t, a.ID); r.Requested != u.m.tellsPending || r.Following == u.m.tellsPending {
		t.Errorf("while it waits: %+v", r)
	}
}
