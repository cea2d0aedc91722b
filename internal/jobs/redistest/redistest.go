// Package redistest starts a real redis-server for tests, in a temporary
// folder, on a socket of its own.
package redistest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"godwit/internal/social"
)

// Server is a Redis that keeps nothing: a restart has lost all.
type Server struct {
	Client  *redis.Client
	url     string
	socket  string
	dir     string
	process *exec.Cmd // nil for a server that was given by environment
}

// Start starts a server that ends with the test. With GODWIT_TEST_REDIS_URL it
// takes that one, which must be the tests' alone, and empties it. Where there
// is no redis-server the test fails under CI=true and is skipped, saying so,
// elsewhere.
func Start(t testing.TB) *Server {
	t.Helper()
	if url := os.Getenv("GODWIT_TEST_REDIS_URL"); url != "" {
		return given(t, url)
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and under CI=true nothing may be skipped")
		}
		t.Skip("redis-server is not installed: apt-get install redis-server")
	}
	dir, err := os.MkdirTemp("", "godwit-redis-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{dir: dir, socket: filepath.Join(dir, "redis.sock")}
	s.url = "redis-socket://" + s.socket
	s.Client = redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, MaxRetries: -1})
	t.Cleanup(func() {
		s.Stop(t)
		_ = s.Client.Close()
		_ = os.RemoveAll(dir)
	})
	s.Up(t)
	return s
}

func given(t testing.TB, url string) *Server {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal("GODWIT_TEST_REDIS_URL is no address of a Redis")
	}
	s := &Server{Client: redis.NewClient(o), url: url}
	s.Wipe(t)
	return s
}

// URL is the server's address as GODWIT_REDIS_URL takes it.
func (s *Server) URL() social.Secret { return social.NewSecret(s.url) }

// Wipe empties the server.
func (s *Server) Wipe(t testing.TB) {
	t.Helper()
	if err := s.Client.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal("FLUSHALL: ", err)
	}
}

// Stop kills the server, as a crash would.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// Restart is a crash and a new, empty start. A server given by environment is
// only emptied.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.process == nil {
		s.Wipe(t)
		return
	}
	s.Stop(t)
	s.Up(t)
}

// Up starts the server after Stop and returns when it answers.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	if s.socket == "" || s.process != nil {
		return
	}
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", s.socket, "--unixsocketperm", "700", "--dir", s.dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal("redis-server: ", err)
	}
	s.process = cmd
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for s.Client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			t.Fatal("redis-server does not answer")
		case <-tick.C:
		}
	}
}
