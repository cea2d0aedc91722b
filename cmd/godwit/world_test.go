package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
)

// worldVar names the environment variable in which a test tells the program
// where its simulated fediverse listens.
const worldVar = "TEST_WORLD"

// worldAddress is what worldVar holds.
type worldAddress struct {
	Addr netip.AddrPort
	CA   string // PEM file
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"godwit": func() { os.Exit(runInWorld()) }})
}

// runInWorld is main, in the simulated fediverse of the test that started it.
func runInWorld() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if text := os.Getenv(worldVar); text != "" {
		var w worldAddress
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			panic(err)
		}
		a.world = w.set
	}
	return a.run(ctx, os.Args[1:])
}

// set routes every host to the simulated fediverse.
func (w worldAddress) set(o *fedi.Options) {
	pem, err := os.ReadFile(w.CA)
	if err != nil {
		panic(err)
	}
	o.RootCAs = x509.NewCertPool()
	o.RootCAs.AppendCertsFromPEM(pem)
	o.Route = func(string) (netip.AddrPort, bool) { return w.Addr, true }
}

// program runs the program as processes of their own, on one data directory,
// in one simulated fediverse.
type program struct {
	t    *testing.T
	env  []string
	path string
}

// newProgram readies the program with an empty data directory.
func newProgram(t *testing.T, world *feditest.World, env ...string) *program {
	t.Helper()
	dir := t.TempDir()
	path, err := exec.LookPath("godwit") // put into PATH by testscript.Main
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, path: path, env: append(os.Environ(), "GODWIT_DATA_DIR="+filepath.Join(dir, "data"), "HOME="+dir, "XDG_CONFIG_HOME="+dir,
		"GODWIT_ALLOW_ADDRESSES=127.0.0.0/8")}
	if world != nil {
		ca, err := world.CAFile(dir)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(worldAddress{world.Addr(), ca})
		if err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, worldVar+"="+string(text))
	}
	p.env = append(p.env, env...)
	return p
}

// result is how a run of the program ended.
type result struct {
	status         int
	stdout, stderr string
}

func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), p.path, args...)
	cmd.Env = p.env
	return cmd
}

// run runs the program to its end.
func (p *program) run(stdin string, args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errOut strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	err := cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		p.t.Fatalf("godwit %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// must runs the program and fails the test unless it ends well.
func (p *program) must(stdin string, args ...string) result {
	p.t.Helper()
	r := p.run(stdin, args...)
	if r.status != exitDone {
		p.t.Fatalf("godwit %s: status %d\n%s%s", strings.Join(args, " "), r.status, r.stdout, r.stderr)
	}
	return r
}
