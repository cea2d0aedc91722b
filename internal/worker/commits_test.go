package worker

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// cutter stands between a process and PostgreSQL and cuts connections at a
// COMMIT: before it arrives, or when it is done and the answer is on its way.
// The process cannot tell the two apart.
type cutter struct {
	behind string // address of the server

	mu     sync.Mutex
	random *rand.Rand
	left   int // cuts
	lost   int // commits that never arrived
	done   int // commits whose answer was lost
}

// commit is how pgx ends a transaction.
var commit = []byte("commit\x00")

// front starts it and returns the database's address through it.
func (c *cutter) front(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil || u.Port() == "" {
		t.Skipf("The database is not reached over TCP: %v", err)
	}
	c.behind = u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

// carry passes on what both sides say, until a cut.
func (c *cutter) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.behind)
	if err != nil {
		return
	}
	defer far.Close()
	var deaf sync.Mutex // held for good once no answer may come back
	go func() {
		defer near.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := far.Read(buffer)
			if err != nil || !deaf.TryLock() {
				return
			}
			_, err = near.Write(buffer[:n])
			deaf.Unlock()
			if err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := near.Read(buffer)
		if err != nil {
			return
		}
		cut, arrives := c.strikes(buffer[:n])
		if cut {
			deaf.Lock()
		}
		if !cut || arrives {
			if _, err := far.Write(buffer[:n]); err != nil {
				return
			}
		}
		if cut && arrives {
			_, _ = io.CopyN(io.Discard, near, 1) // until the answer has ended the connection
		}
		if cut {
			return
		}
	}
}

// strikes says whether these bytes are a commit at which the connection is cut,
// and whether it arrives all the same.
func (c *cutter) strikes(said []byte) (cut, arrives bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 || !bytes.Contains(said, commit) || c.random.IntN(6) > 0 {
		return false, false
	}
	c.left--
	if arrives = c.random.IntN(2) == 0; arrives {
		c.done++
	} else {
		c.lost++
	}
	return true, arrives
}

func (c *cutter) arm(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = n
}

// TestQUE07UnknownCommits: the connection to PostgreSQL is cut at commits, so
// that nobody knows whether they were made, at random moments of following. The
// end is that of an undisturbed run, nobody is asked twice, and no server's
// limit is broken.
func TestQUE07UnknownCommits(t *testing.T) {
	t.Parallel()
	seeds := 4
	if soak() {
		seeds = 500
	}
	base := uint64(time.Now().UnixNano()) % 1_000_000
	t.Log("seed ", base)
	direct := pgtest.URL(t)
	r := newRigOn(t, store.Options{URL: direct, Keys: keys})
	export := r.crowd(social.Mastodon, 3, 2)
	c := &cutter{random: rand.New(rand.NewPCG(base, 7))}
	through, err := store.Open(t.Context(), store.Options{URL: c.front(t, direct), Keys: keys})
	r.ok(err)
	defer through.Close()
	for i := range seeds {
		home := r.world.AddHost(fmt.Sprintf("home%d.test", i), []social.Flavour{social.Mastodon, social.GoToSocial}[i%2],
			feditest.Limited(feditest.Limits{Follows: 40}))
		d := r.neighbour(home, "me", export)
		r.plan(d)
		c.arm(5)
		w := r.process(through)
		r.driveWith(month, func(task social.Task) error {
			if err := w.Handle(t.Context(), task); err != nil && !fault.Is(err, fault.Conflict) {
				w = r.process(through) // as a process that lost its database is started anew
			}
			return nil
		})
		c.arm(0)
		if got, want := r.digest(d), undisturbed(r, d); got != want {
			t.Errorf("round %d:\n%s\nwant\n%s", i, got, want)
		}
		r.once(d.Handle.String())
		if s := r.world.Stats(home.Name()); s.RateLimited != 0 {
			t.Errorf("round %d: %d answers 429", i, s.RateLimited)
		}
		r.ok(endOf(r, d))
	}
	if c.lost < seeds/2 || c.done < seeds/2 {
		t.Errorf("only %d commits were lost and %d made without an answer", c.lost, c.done)
	}
	t.Logf("%d commits were lost, %d made without an answer", c.lost, c.done)
}

// endOf forgets a round's User, so that the next one does not wait behind them.
func endOf(r *rig, d social.Destination) error {
	_, err := r.store.Forget(r.t.Context(), d.UserID)
	return err
}
