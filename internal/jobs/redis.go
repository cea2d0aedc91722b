package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"godwit/internal/social"
)

// redisDial is how long a connection to Redis may take.
const redisDial = 3 * time.Second

// openRedis makes a client that speaks in the clear to near addresses only.
// A parse error would show the password, so it is not passed on.
func openRedis(url social.Secret) (*redis.Client, error) {
	hush()
	raw := url.Reveal()
	if path, socket := strings.CutPrefix(raw, "redis-socket://"); socket {
		raw = "unix://" + path
	}
	o, err := redis.ParseURL(raw)
	if err != nil {
		return nil, badRedis()
	}
	o.DialTimeout = redisDial
	if o.Network == "tcp" && o.TLSConfig == nil {
		dialer := net.Dialer{Timeout: redisDial, Control: nearOnly}
		o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, addr)
		}
	}
	return redis.NewClient(o), nil
}

// nearOnly refuses an unencrypted connection to a public address, whatever
// name led there: who is on the way could queue tasks (QUE-01).
func nearOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := to.Addr().Unmap(); a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		return nil
	}
	return fmt.Errorf("jobs: redis:// leads to the public address %s; use rediss://", to.Addr())
}

// hush keeps go-redis from writing to standard error by itself: what matters
// comes back as errors.
var hush = sync.OnceFunc(func() { redis.SetLogger(noLog{}) })

type noLog struct{}

// Printf drops the line.
func (noLog) Printf(context.Context, string, ...any) {}

// quiet is asynq's log: what matters of it is told by the sweep, once.
type quiet struct{ log *slog.Logger }

// Debug, Info, Warn, Error and Fatal log for those who ask for every detail.
func (q quiet) Debug(args ...any) {}
func (q quiet) Info(args ...any)  {}
func (q quiet) Warn(args ...any)  { q.log.Debug("asynq", "says", fmt.Sprint(args...)) }
func (q quiet) Error(args ...any) { q.log.Debug("asynq", "says", fmt.Sprint(args...)) }
func (q quiet) Fatal(args ...any) { q.log.Error("asynq", "says", fmt.Sprint(args...)) }
