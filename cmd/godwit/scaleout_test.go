package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"godwit/internal/jobs/redistest"
	"godwit/internal/store/pgtest"
)

// gate is a way to a server: it counts the connections.
type gate struct {
	addr   netip.AddrPort
	passed atomic.Int64
}

func newGate(t *testing.T, network, to string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	g := &gate{addr: listener.Addr().(*net.TCPAddr).AddrPort()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.passed.Add(1)
			go pass(conn, network, to)
		}
	}()
	return g
}

// pass carries a connection on until either side ends it.
func pass(conn net.Conn, network, to string) {
	defer conn.Close()
	far, err := net.Dial(network, to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, conn)
		far.Close()
	}()
	_, _ = io.Copy(conn, far)
}

// through is p in a world that is reached through a gate.
func (p *program) through(g *gate) *program {
	p.t.Helper()
	own := *p
	for _, v := range p.env {
		text, found := strings.CutPrefix(v, worldVar+"=")
		if !found {
			continue
		}
		var w worldAddress
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			p.t.Fatal(err)
		}
		w.Addr = g.addr
		changed, err := json.Marshal(w)
		if err != nil {
			p.t.Fatal(err)
		}
		own.env = append(p.env[:len(p.env):len(p.env)], worldVar+"="+string(changed))
	}
	return &own
}

// fleet is one server and two workers on one PostgreSQL and one Redis.
type fleet struct {
	*flock
	redis   *redistest.Server
	link    string
	gates   [3]*gate
	workers [2]*exec.Cmd
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	redis := redistest.Start(t)
	f := &fleet{redis: redis, flock: newFlock(t, largeArchive(t, 1<<20),
		"GODWIT_DATABASE_URL="+pgtest.URL(t), "GODWIT_REDIS_URL="+redis.URL().Reveal())}
	for i := range f.gates {
		f.gates[i] = newGate(t, "tcp", f.world.Addr().String())
	}
	f.serve(t)
	for i := range f.workers {
		f.workers[i] = f.p.through(f.gates[i+1]).start(t, nil, "work")
	}
	return f
}

// start starts a process that ends with the test.
func (p *program) start(t *testing.T, out io.Writer, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(p.path, args...) // ended by stop, not by the test's end
	cmd.Env = p.env
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			stop(t, cmd)
		}
		if strings.Contains(said.String(), "panic") {
			t.Errorf("godwit %s panicked", args[0])
		}
		if t.Failed() {
			t.Logf("godwit %s said:\n%s", args[0], said.String())
		}
	})
	return cmd
}

func (f *fleet) serve(t *testing.T) {
	t.Helper()
	in, out := io.Pipe()
	f.p.through(f.gates[0]).start(t, out, "serve", "--addr", "127.0.0.1:0", "--no-open")
	link, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	f.link = strings.TrimSpace(link)
	go func() { _, _ = io.Copy(io.Discard, in) }()
}

// TestScaleOut walks the journey on PostgreSQL and Redis with one server and
// two workers. Redis is emptied twice on the way and one worker is killed with
// signal 9: nothing is lost, nobody is asked twice, and both workers
// did some of the work.
func TestScaleOut(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := newVisitor(t, f.world)
	v.open(f.link)
	if strings.Contains(v.at.String(), "k=") {
		t.Errorf("the key stays in the address: %s", v.at)
	}
	f.connect(v)
	f.give(v)
	f.decide(v)
	f.follow(v)
	f.judge(t)
}

func (f *fleet) connect(v *visitor) {
	v.t.Helper()
	v.open("/connect")
	v.press(`form[data-busy] .acts button`, "account", "@"+follower)
	if v.at.Host != "home.test" {
		v.t.Fatalf("not at the home server but at %s: %s", v.at, v.text("main"))
	}
	v.press(`button[value="me"]`)
	v.press(`button[value="allow"]`)
	if !strings.Contains(v.text("body"), follower) {
		v.t.Fatalf("the account is not named at %s: %s", v.at, v.text("main"))
	}
}

func (f *fleet) give(v *visitor) {
	v.t.Helper()
	for _, file := range f.files {
		v.open("/sources/new")
		v.give(file)
		v.until(v.at.Path, "the end of the import", func() bool { return strings.HasPrefix(v.text("h1"), "We read your") })
	}
}

func (f *fleet) decide(v *visitor) {
	v.t.Helper()
	v.until("/matches", "the first look-up", func() bool { return f.world.Stats("*.roost3.test").Requests > 0 })
	f.redis.Wipe(v.t)
	v.until("/matches", "the end of looking", func() bool {
		return strings.HasPrefix(v.text("h1"), "36 of") && !strings.Contains(v.text("main"), "ooking for")
	})
	v.open("/matches?group=likely")
	v.click(`a[href^="/matches/check"]`)
	v.press("#yes")
}

func (f *fleet) follow(v *visitor) {
	v.t.Helper()
	v.open("/follow")
	v.press(`form[action="/follow"] .acts button`)
	v.until("/follow/progress", "the fifth follow", func() bool { return posts(f.world, follower) >= 5 })
	if err := f.workers[0].Process.Signal(syscall.SIGKILL); err != nil {
		v.t.Fatal(err)
	}
	_ = f.workers[0].Wait()
	f.redis.Wipe(v.t)
	v.until("/follow/progress", "the last outcome", func() bool { return strings.Contains(v.text("h1"), "36 of 36") })
}

// judge holds what the program tells against the truth on the servers.
func (f *fleet) judge(t *testing.T) {
	once(t, f.world, follower)
	if n := len(f.world.Follows(follower)); n != flockHosts*flockEach {
		t.Errorf("%d of %d were followed", n, flockHosts*flockEach)
	}
	for i, g := range f.gates {
		t.Logf("process %d made %d connections", i, g.passed.Load())
		if g.passed.Load() == 0 {
			t.Errorf("process %d made none", i)
		}
	}
	tables := exportTables(t, f.p.must("", "export").stdout)
	if n := len(tables["follow_jobs"]); n != flockHosts*flockEach {
		t.Errorf("%d jobs", n)
	}
	for _, job := range tables["follow_jobs"] {
		if outcome := job["outcome"]; outcome != "followed" && outcome != "requested" {
			t.Errorf("%s ended as %s %s", job["handle"], outcome, job["reason"])
		}
	}
}
