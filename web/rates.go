package web

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/internal/fault"
)

// limits are the rate limits, one counter each.
type limits struct{ pages, writes, uploads, pieces, signIns, hosts *counter }

func newLimits() limits {
	return limits{
		pages: newCounter(pageRate), writes: newCounter(writeRate), uploads: newCounter(uploadRate), pieces: newCounter(pieceRate),
		signIns: newCounter(signInRate), hosts: newCounter(hostRate),
	}
}

// counter counts by key in windows that begin with the first act. It holds a
// bounded number of keys and drops the oldest beyond.
type counter struct {
	rate
	mu      sync.Mutex
	windows map[string]*window
	order   []string // keys by the beginning of their window
}

type window struct {
	began time.Time
	count int
	seen  map[string]bool // distinct things, where these are counted
}

func newCounter(r rate) *counter { return &counter{rate: r, windows: map[string]*window{}} }

// take counts one act of key and returns how long to wait when it is too many.
// With a thing, only a thing not seen in this window counts.
func (c *counter) take(key, thing string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(now)
	w := c.windows[key]
	if w == nil {
		w = &window{began: now, seen: map[string]bool{}}
		c.windows[key] = w
		c.order = append(c.order, key)
	}
	if thing != "" && w.seen[thing] {
		return 0
	}
	if w.count >= c.count {
		return max(w.began.Add(c.per).Sub(now), time.Second)
	}
	w.count++
	if thing != "" {
		w.seen[thing] = true
	}
	return 0
}

// drop forgets windows that ended, and the oldest when there are too many.
func (c *counter) drop(now time.Time) {
	for len(c.order) > 0 {
		w := c.windows[c.order[0]]
		if now.Sub(w.began) < c.per && len(c.order) < maxWindows {
			return
		}
		delete(c.windows, c.order[0])
		c.order = c.order[1:]
	}
}

// within holds a request against the rates. The owner of the machine is not
// held back on it.
func (v *visit) within(row *route) error {
	if v.site.Mode == Local && v.user.ID != 0 || strings.HasPrefix(row.pattern, "GET /static/") {
		return nil
	}
	if v.r.Method == http.MethodPatch {
		return v.take(v.site.limits.pieces, "")
	}
	if err := v.take(v.site.limits.pages, ""); err != nil {
		return err
	}
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	if row.upload {
		if err := v.take(v.site.limits.uploads, ""); err != nil {
			return err
		}
	}
	return v.take(v.site.limits.writes, "")
}

// take counts one act of this visitor.
func (v *visit) take(c *counter, thing string) error {
	wait := c.take(v.who(), thing, v.now)
	if wait == 0 {
		return nil
	}
	return fault.WaitUntil(v.now.Add(wait), "too-fast", "That was very fast. Wait a little, then try again.")
}

// who is the key of this visitor: the User, or the address.
func (v *visit) who() string {
	if v.user.ID != 0 {
		return "user " + strconv.FormatInt(v.user.ID, 10)
	}
	return "address " + v.site.client(v.r)
}

// client is the address that limits count: the socket's, unless that is a
// configured proxy; then the right-most forwarded one that is none.
func (s *site) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := peer.Addr().Unmap()
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0 && s.proxy(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	if addr.Is6() {
		net, _ := addr.Prefix(64)
		return net.String()
	}
	return addr.String()
}

func (s *site) proxy(addr netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
