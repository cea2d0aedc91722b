package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/importer/importertest"
	"godwit/internal/config"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/web"
)

func (a *app) demoCommand() *cobra.Command {
	noOpen := false
	cmd := &cobra.Command{
		Use: "demo", Short: "The whole journey against a simulated fediverse, offline; touches no real data", Args: cobra.NoArgs,
		Long: `The whole journey against a simulated fediverse and a sample export. It needs no network, keeps its data in a
temporary directory, and deletes that when it ends.`,
		Example: "  godwit demo\n  godwit demo --addr 127.0.0.1:9000",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), noOpen) },
	}
	config.AddAddrFlag(cmd.Flags())
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "don't open the browser")
	return cmd
}

// demoPath is where the pages of the simulated servers lie for the browser.
const demoPath = "/simulated/"

func (a *app) demo(ctx context.Context, noOpen bool) error {
	dir, err := os.MkdirTemp("", "godwit-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world := feditest.New(feditest.Options{})
	defer world.Close()
	sample := feditest.Sample(world)
	a.cfg = a.cfg.ForDemo(dir, netip.MustParsePrefix("127.0.0.0/8"))
	if err := a.cfg.CheckServe(); err != nil {
		return usageOf(err)
	}
	a.service = true
	a.world = func(o *fedi.Options) { o.Route, o.RootCAs = world.Route, world.RootCAs() }
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	files, err := writeSamples(dir, sample)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "A simulated fediverse, nothing real. Sample exports, also offered by the page: %s\nSign in as @%s; as @%s, an admin, to welcome a wave. Stop with Ctrl-C; everything is deleted then.\n",
		strings.Join(files, ", "), sample.Wanderer.Handle(), sample.Keeper.Handle())
	return h.serve(ctx, serving{open: !noOpen, demo: demoInfo(sample), browserURL: demoAddress, around: besides(world)})
}

// demoAddress is where the browser reaches a page of a simulated server.
func demoAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return demoPath + u.Host + u.RequestURI()
}

// besides serves the simulated servers' own pages for the browser under
// demoPath, and everything else as it was, a foreign Host included: the pages
// refuse it (LOC-01).
func besides(world *feditest.World) func(http.Handler) http.Handler {
	return func(pages http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rest, simulated := strings.CutPrefix(r.URL.Path, demoPath)
			host, path, found := strings.Cut(rest, "/")
			if !simulated || !found || !thisMachine(r.Host) {
				pages.ServeHTTP(w, r)
				return
			}
			inner := r.Clone(r.Context())
			inner.Host, inner.URL.Path, inner.URL.RawPath = host, "/"+path, ""
			world.ServeHTTP(w, inner)
		})
	}
}

// thisMachine reports whether a Host header names this machine.
func thisMachine(host string) bool {
	name, _, err := net.SplitHostPort(host)
	return err == nil && (name == "localhost" || name == "127.0.0.1" || name == "::1")
}

// sampleAge is how old the sample export is when the demo starts.
const sampleAge = 26 * time.Hour

func demoInfo(s *feditest.SampleWorld) *web.DemoInfo {
	handle, _ := social.ParseHandle(s.Wanderer.Handle(), social.Private)
	keeper, _ := social.ParseHandle(s.Keeper.Handle(), social.Private)
	return &web.DemoInfo{
		Samples: []web.Sample{
			{Name: "twitter-sample.zip", Write: func(w io.Writer) error { return importertest.WriteArchive(w, sampleArchive(s)) }},
			{Name: "twitter-Following-sample.json", Write: func(w io.Writer) error { return importertest.WriteWebExporter(w, samplePeople(s)) }},
		},
		Handles: []social.Handle{handle, keeper},
	}
}

// writeSamples puts the sample exports where a command line finds them.
func writeSamples(dir string, s *feditest.SampleWorld) ([]string, error) {
	var paths []string
	for _, sample := range demoInfo(s).Samples {
		path := filepath.Join(dir, sample.Name)
		if err := writeFile(path, sample.Write); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// samplePeople are those whom the owner of the sample follows on X, as the
// browser extension saves them.
func samplePeople(s *feditest.SampleWorld) []importertest.Person {
	var people []importertest.Person
	for _, p := range s.People {
		people = append(people, importertest.Person{ID: p.XID, Username: p.XUsername, Name: p.Name, Bio: p.Bio, Location: p.Location, URL: p.URL, Following: true})
	}
	return people
}

// sampleArchive is the owner's export from X: it names the people by number,
// and some of them in posts.
func sampleArchive(s *feditest.SampleWorld) importertest.Archive {
	exported := time.Now().UTC().Add(-sampleAge)
	a := importertest.Archive{
		Owner:      importertest.Person{ID: s.Owner.XID, Username: s.Owner.XUsername, Name: s.Owner.Name, Bio: s.Owner.Bio},
		ExportedAt: exported, Following: samplePeople(s),
	}
	for i, p := range a.Following {
		if i%3 == 0 {
			at := exported.Add(-time.Duration(i+1) * 36 * time.Hour)
			a.Tweets = append(a.Tweets, importertest.Tweet{ID: importertest.IDAt(at, int64(i)), Text: "Seen at low tide today, thank you @" + p.Username,
				Mentions: []importertest.Person{p}})
		}
	}
	return a
}
