package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"godwit/internal/social"
)

func sourceTokenAt(id int64) place {
	return place{table: "source_tokens", column: "token", row: strconv.FormatInt(id, 10)}
}

// CreateRemote stores the row of a Source that is to be fetched from a server,
// and rings for it. A token is sealed and kept until the Source is fetched;
// one that needs none has the zero token.
func (s *Store) CreateRemote(ctx context.Context, source social.Source, host string, token social.Secret, now time.Time) (saved social.Source, err error) {
	err = s.write(ctx, func(x q) error {
		if saved, err = insertSource(ctx, x, source, now); err != nil {
			return err
		}
		if !token.IsZero() {
			sealed, err := s.sealer.seal(token, sourceTokenAt(saved.ID))
			if err != nil {
				return err
			}
			if _, err := x.exec(ctx, `INSERT INTO source_tokens (source_id, host, token) VALUES ($1, $2, $3)`, saved.ID, clean(host), sealed); err != nil {
				return err
			}
		}
		return ring(ctx, x, social.ImportTask, saved.ID, now)
	})
	return saved, err
}

// SourceToken returns with which token a Source is to be fetched, and from
// which host; NotFound when there is none, or none any more.
func (s *Store) SourceToken(ctx context.Context, sourceID int64) (host string, token social.Secret, err error) {
	var sealed []byte
	err = s.reading.row(ctx, `SELECT host, token FROM source_tokens WHERE source_id = $1`, sourceID).Scan(&host, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", social.Secret{}, notFound()
	}
	if err != nil {
		return "", social.Secret{}, s.d.mean(err)
	}
	token, err = s.sealer.unseal(sealed, sourceTokenAt(sourceID))
	return host, token, err
}

// SetFetched notes under the claim where what was fetched for a Source lies and
// what it is, and deletes the token.
func (s *Store) SetFetched(ctx context.Context, t social.Task, source social.Source) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.ImportTask); err != nil {
			return err
		}
		if err := fenced(x.exec(ctx, `UPDATE sources SET spool = $2, kind = $3, bytes = $4, name = $5 WHERE id = $1 AND state = 'reading'`,
			t.ID, clean(source.Spool), string(source.Kind), source.Bytes, clean(source.Name))); err != nil {
			return err
		}
		return dropToken(ctx, x, t.ID)
	})
}

func dropToken(ctx context.Context, x q, sourceID int64) error {
	_, err := x.exec(ctx, `DELETE FROM source_tokens WHERE source_id = $1`, sourceID)
	return err
}
