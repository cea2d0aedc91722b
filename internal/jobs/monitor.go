package jobs

import (
	"net/http"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"godwit/internal/social"
)

// Monitor is asynq's own pages about the queues on the Redis at url, for
// looking only, under root. Payloads hold a kind and an id, no more. Whoever
// serves them sees to it that nobody but the operator gets there (QUE-08).
func Monitor(url social.Secret, root string) (pages http.Handler, closePages func() error, err error) {
	rdb, err := openRedis(url)
	if err != nil {
		return nil, nil, err
	}
	m := asynqmon.New(asynqmon.Options{RootPath: root, RedisConnOpt: opened{rdb}, ReadOnly: true})
	return m, rdb.Close, nil
}

// opened is a connection that was made with our own guards.
type opened struct{ *redis.Client }

var _ asynq.RedisConnOpt = opened{}

// MakeRedisClient implements asynq.RedisConnOpt.
func (o opened) MakeRedisClient() any { return redis.UniversalClient(o.Client) }
