package pgtest

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Cluster is a PostgreSQL of a test's own, which the test may crash. Unlike
// the server of URL it has written what it has said to be committed.
type Cluster struct {
	base    *url.URL
	bin     string
	dir     string
	as      []string // words that run a command as an ordinary user
	process *exec.Cmd
	ended   <-chan struct{}
}

// Own starts a Cluster that ends with the test.
func Own(t testing.TB) *Cluster {
	t.Helper()
	bin, err := Binaries()
	if err != nil {
		missing(t, err)
	}
	dir, err := os.MkdirTemp("", "godwit-own-pg-")
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	as, err := asOrdinaryUser(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{bin: bin, dir: dir, as: strings.Fields(as),
		base: &url.URL{Scheme: "postgres", User: url.User("godwit"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres"}}
	t.Cleanup(func() {
		c.stop()
		_ = os.RemoveAll(dir)
	})
	if said, err := c.command("initdb", "-D", c.data(), "-U", "godwit", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, said)
	}
	c.start(t)
	return c
}

// URL is the address of the cluster's one database.
func (c *Cluster) URL() string { return c.base.String() }

// Restart ends the server at once, as a crash would, and starts it again: it
// comes back with everything that was committed.
func (c *Cluster) Restart(t testing.TB) {
	t.Helper()
	c.stop()
	c.start(t)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	words := append(append([]string{}, c.as...), filepath.Join(c.bin, name))
	words = append(words, args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = c.dir
	return cmd
}

func (c *Cluster) start(t testing.TB) {
	t.Helper()
	logs, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	// fsync is for a machine's crash, which no test can do.
	c.process = c.command("postgres", "-D", c.data(), "-k", c.dir, "-h", "127.0.0.1", "-p", c.base.Port(), "-c", "fsync=off", "-c", "max_connections=200")
	c.process.Stdout, c.process.Stderr = logs, logs
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	c.ended = ending(c.process)
	if err := await(c.base, c.ended, logs.Name()); err != nil {
		t.Fatal("PostgreSQL: ", err)
	}
}

// stop ends the server without a checkpoint and waits for it to be gone.
func (c *Cluster) stop() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Signal(syscall.SIGQUIT)
	<-c.ended
	c.process = nil
}
