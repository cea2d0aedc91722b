package worker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

const sesame = "SESAME-OPEN-1234"

// faraway is a server of the Mastodon API that asks for time once, and one of
// Bluesky. A failure is answered as long as there is one.
type faraway struct {
	now    func() time.Time
	asked  int
	fails  error
	waited bool
	repo   string
	tokens []string
}

func (f *faraway) Host() string { return "truthsocial.test" }

func (f *faraway) Size(social.PullKind) (least, most int) { return 1, 80 }

func (f *faraway) Self(context.Context) (fedi.Listed, error) {
	body := `{"id":"5","username":"wren","acct":"wren","url":"https://truthsocial.com/@wren"}`
	return fedi.Listed{ID: "5", Username: "wren", Body: []byte(body)}, f.fails
}

func (f *faraway) Page(_ context.Context, ask social.PullAsk) (social.PullPage, error) {
	f.asked++
	switch {
	case ask.Kind == social.PullFollowing && ask.Cursor == "":
		return social.PullPage{Body: []byte(`[{"id":"1","acct":"jun"}]`), Next: "2", Entries: 1}, nil
	case ask.Kind == social.PullFollowing && !f.waited:
		f.waited = true
		return social.PullPage{}, fault.WaitUntil(f.now().Add(time.Hour), "slow-down", "Wait.")
	case ask.Kind == social.PullFollowing:
		return social.PullPage{Body: []byte(`[{"id":"2","acct":"kai"}]`), Entries: 1}, nil
	}
	return social.PullPage{Body: []byte(`[{"id":"109","created_at":"2026-05-01T10:00:02.000Z","visibility":"public","content":"<p>x</p>"}]`), Entries: 1}, nil
}

func (f *faraway) FindBluesky(_ context.Context, address string) (fedi.Bluesky, error) {
	return fedi.Bluesky{DID: "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", Handle: strings.TrimPrefix(address, "at://")}, f.fails
}

func (f *faraway) BlueskyRepo(_ context.Context, _ fedi.Bluesky, w io.Writer) error {
	_, err := io.WriteString(w, f.repo)
	return err
}

func (f *faraway) BlueskyFollows(_ context.Context, _ fedi.Bluesky, w io.Writer, _ func(int)) error {
	_, err := io.WriteString(w, `{"follows":[{"did":"did:plc:bbbbbbbbbbbbbbbbbbbbbbbb","handle":"jun.test"}],"subject":{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}}`)
	return err
}

// fetching is a rig whose servers are far away, and a Source of one of them.
func fetching(t *testing.T, kind social.SourceKind, name string, token social.Secret) (*rig, *faraway, social.Source, *bytes.Buffer) {
	r := newRig(t)
	far := &faraway{now: r.clock.Now}
	var logged bytes.Buffer
	r.Worker.log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.Worker.remote = far
	r.Worker.lists = func(host string, token social.Secret) OwnLists {
		far.tokens = append(far.tokens, host+" "+token.Reveal())
		return far
	}
	x, err := r.store.CreateRemote(t.Context(), social.Source{UserID: r.user.ID, Kind: kind, Name: name}, name, token, r.clock.Now())
	r.ok(err)
	return r, far, x, &logged
}

// The lists of an account are read page by page; where the server asks for time
// it gets it, and nothing is asked for twice. The token goes to that server,
// into no log and no export, and is gone when all is read.
func TestFetchOverTheAPI(t *testing.T) {
	r, far, x, logged := fetching(t, social.KindMastodonAPI, "truthsocial.test", social.NewSecret(sesame))
	r.drive(30 * time.Minute)
	if x = r.source(x.ID); x.State != social.SourceReading || !x.Remote() || far.asked != 2 {
		t.Fatalf("while the server wants time: %+v, %d requests", x, far.asked)
	}
	r.drive(2 * time.Hour)
	if x = r.source(x.ID); x.State != social.SourceDone || x.Counts.Following != 2 || x.Counts.Posts != 1 || x.Owner.Username != "wren" {
		t.Errorf("%+v", x)
	}
	if far.asked != 4 || r.spooled() != 0 {
		t.Errorf("%d requests, %d uploads", far.asked, r.spooled())
	}
	if _, _, err := r.store.SourceToken(t.Context(), x.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the token is kept: %v", err)
	}
	for _, use := range far.tokens {
		if use != "truthsocial.test "+sesame {
			t.Errorf("used as %q", use)
		}
	}
	if strings.Contains(logged.String(), sesame) || strings.Contains(fmt.Sprintf("%+v", x), sesame) {
		t.Error("the token is told")
	}
}

// A server that doesn't take the token, isn't there, or whose token outlived
// its day ends with a sentence, and nothing is kept.
func TestFetchEnds(t *testing.T) {
	for name, c := range map[string]struct {
		kind  social.SourceKind
		token social.Secret
		fails error
		code  string
	}{
		"refused":    {social.KindMastodonAPI, social.NewSecret(sesame), fault.New(fault.Paused, "permission-lost", "x"), "token-refused"},
		"no lists":   {social.KindMastodonAPI, social.NewSecret(sesame), fault.New(fault.Denied, "list-refused", "x"), "list-refused"},
		"away":       {social.KindMastodonAPI, social.NewSecret(sesame), fault.New(fault.Broken, "malformed", "x"), "source-not-reached"},
		"no token":   {social.KindMastodonAPI, social.Secret{}, nil, "token-gone"},
		"no account": {social.KindBluesky, social.Secret{}, fault.New(fault.Gone, "no-bluesky-account", "x"), "no-bluesky-account"},
	} {
		r, far, x, _ := fetching(t, c.kind, "x.test", c.token)
		far.fails = c.fails
		r.drive(7 * 24 * time.Hour)
		x = r.source(x.ID)
		if x.State != social.SourceBroken || x.FaultCode == "" || c.code != "" && x.FaultCode != c.code {
			t.Errorf("%s: %s, %s: %s", name, x.State, x.FaultCode, x.FaultSay)
		}
		if _, _, err := r.store.SourceToken(t.Context(), x.ID); !fault.Is(err, fault.NotFound) || r.spooled() != 0 {
			t.Errorf("%s: %v, %d uploads", name, err, r.spooled())
		}
	}
}

// A Bluesky account is read by its address, with those it follows by name.
func TestFetchBluesky(t *testing.T) {
	r, far, x, _ := fetching(t, social.KindBluesky, "at://ida.test", social.Secret{})
	repo := importertest.NewRepository("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
	repo.Add("app.bsky.graph.follow/3kaaaaaaaaaa2", map[string]any{"$type": "app.bsky.graph.follow", "subject": "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb", "createdAt": "2026-01-01T00:00:00Z"})
	repo.Seal()
	far.repo = repo.CAR()
	r.drive(time.Hour)
	if x = r.source(x.ID); x.State != social.SourceDone || x.Counts.Following != 1 || x.Counts.FollowingNamed != 1 || x.Name != "at://ida.test" || r.spooled() != 0 {
		t.Errorf("%+v, %d uploads", x, r.spooled())
	}
}

// A token whose Source waits too long is swept away.
func TestFetchTokenLife(t *testing.T) {
	r, _, x, _ := fetching(t, social.KindMastodonAPI, "truthsocial.test", social.NewSecret(sesame))
	r.clock.Advance(25 * time.Hour)
	r.ok(r.SweepOnce(t.Context()))
	if _, _, err := r.store.SourceToken(t.Context(), x.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}
