package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/importer"
	"godwit/internal/fedi/feditest"
	"godwit/internal/jobs/redistest"
	"godwit/internal/social"
	"godwit/internal/store/pgtest"
)

// atNetwork is the reference AT Protocol network while it runs.
type atNetwork struct {
	PLC, PDS, View, Ida string
	Follows             []string
	Posts               int
}

// startNetwork starts the network that `make test-atproto` made ready.
func startNetwork(t *testing.T) (n atNetwork) {
	t.Helper()
	dir := os.Getenv("GODWIT_ATPROTO")
	if dir == "" {
		t.Skip("run make test-atproto: the reference network comes from npm")
	}
	node, err := filepath.Glob(filepath.Join(dir, "node_modules/node/node_modules/node-*/bin/node"))
	if err != nil || len(node) == 0 {
		t.Fatal("no Node in ", dir)
	}
	redis, err := url.Parse(redistest.Start(t).URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node[0], "network.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DB_POSTGRES_URL="+pgtest.URL(t), "REDIS_HOST="+newGate(t, "unix", redis.Path).addr.String(), "LOG_ENABLED=false")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the network did not start: %v\n%s", err, said.String())
		}
		if bytes.HasPrefix(line, []byte("{")) && json.Unmarshal(line, &n) == nil && n.Ida != "" {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return n
}

// behind puts a plain server of the network behind a host of the world, which
// speaks TLS; the network's own addresses in its answers become that host's.
func behind(t *testing.T, world *feditest.World, host, server string, n atNetwork) {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Header.Set("Accept-Encoding", "identity") },
		ModifyResponse: func(r *http.Response) error {
			if !strings.Contains(r.Header.Get("Content-Type"), "json") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(n.PDS), []byte("https://pds.test"))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", "")
			r.Header.Del("Content-Length")
			return err
		},
	}
	world.AddHost(host, social.Mastodon).Handle("/", proxy)
}

// TestAtproto: follows and posts are read from the reference network, and what
// the repository says is what its servers say.
func TestAtproto(t *testing.T) {
	n := startNetwork(t)
	world, p := friends(t)
	behind(t, world, "plc.directory", n.PLC, n)
	behind(t, world, "pds.test", n.PDS, n)
	behind(t, world, "public.api.bsky.app", n.View, n)
	for _, address := range []string{"at://" + n.Ida, "at://ida.test"} {
		read := lines[imported](t, p.must("", "import", "--json", address).stdout)
		if len(read) != 1 || read[0].Owner.ID != n.Ida {
			t.Fatalf("%s: %+v", address, read)
		}
		if c := read[0].Counts; c.Following != len(n.Follows) || c.FollowingNamed != len(n.Follows) || c.Posts != n.Posts || c.Reposts != 1 || c.Replies != 1 || c.Threads != 1 || c.Lists != 1 || len(read[0].Warnings) > 0 {
			t.Errorf("%s: %+v %q", address, c, read[0].Warnings)
		}
	}
	if got := p.found(); !slices.Contains(got, "jun@tide.test likely") {
		t.Errorf("found %q", got)
	}
	sameAsRecords(t, n)
}

// sameAsRecords holds the repository against listRecords, post by post.
func sameAsRecords(t *testing.T, n atNetwork) {
	t.Helper()
	car := fetched(t, n.PDS+"/xrpc/com.atproto.sync.getRepo?did="+n.Ida)
	e, err := importer.Open([]importer.File{{Name: "repo.car", Size: int64(len(car)), ReaderAt: bytes.NewReader(car)}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	texts := map[string]string{}
	var follows []string
	for x, err := range e.WithPosts().Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Post != nil && x.Post.Repost.IsZero() {
			texts[x.Post.ID] = x.Post.Text
		}
		if x.Edge == social.Following {
			follows = append(follows, x.NativeID)
		}
	}
	slices.Sort(follows)
	if want := slices.Sorted(slices.Values(n.Follows)); !slices.Equal(follows, want) {
		t.Errorf("the repository follows %q, want %q", follows, want)
	}
	listed, cursor := 0, ""
	for {
		var page struct {
			Cursor  string
			Records []struct {
				URI   string
				Value struct{ Text string }
			}
		}
		if err := json.Unmarshal(fetched(t, n.PDS+"/xrpc/com.atproto.repo.listRecords?limit=100&collection=app.bsky.feed.post&repo="+n.Ida+"&cursor="+cursor), &page); err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			listed++
			if got, ok := texts[r.URI[strings.LastIndexByte(r.URI, '/')+1:]]; !ok || got != r.Value.Text {
				t.Errorf("%s: %q, the server says %q", r.URI, got, r.Value.Text)
			}
		}
		if cursor = page.Cursor; cursor == "" || len(page.Records) == 0 {
			break
		}
	}
	if listed != len(texts) || listed == 0 {
		t.Errorf("the server lists %d posts, the repository holds %d", listed, len(texts))
	}
}

func fetched(t *testing.T, address string) []byte {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, r.StatusCode, err)
	}
	return body
}
