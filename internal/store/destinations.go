package store

import (
	"context"
	"strconv"
	"time"

	"godwit/internal/social"
)

const destinationColumns = `id, user_id, host, remote_id, handle, actor_id, flavour, software, scopes,
	state, follow_state, following, by_list, roll_at, roll_requests, roll_cursor, created_at`

func scanDestination(r scanner) (d social.Destination, err error) {
	err = r.Scan(&d.ID, &d.UserID, &d.Host, &d.RemoteID, handle{&d.Handle}, &d.ActorID, &d.Flavour, &d.Software, &d.Scopes,
		&d.State, &d.Follow, &d.Following, &d.ByList, moment{&d.Roll.DueAt}, &d.Roll.Requests, &d.Roll.Cursor, moment{&d.CreatedAt})
	return d, err
}

func tokenAt(d social.Destination) place {
	return place{table: "destinations", column: "token", row: strconv.FormatInt(d.ID, 10), user: d.UserID}
}

// SaveDestination makes or updates the User's Destination with that host and
// remote id, seals its token, and makes it Active. Following that was under way
// goes on; following that the person paused stays paused. It rings in any case:
// what the home server blocks is read before anything is planned.
func (s *Store) SaveDestination(ctx context.Context, d social.Destination, token social.Secret) (saved social.Destination, err error) {
	err = s.write(ctx, func(x q) error {
		if err := addHome(ctx, x, clean(d.Host)); err != nil {
			return err
		}
		if saved, err = upsertDestination(ctx, x, d); err != nil {
			return err
		}
		sealed, err := s.sealer.seal(token, tokenAt(saved))
		if err != nil {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE destinations SET token = $2 WHERE id = $1`, saved.ID, sealed); err != nil {
			return err
		}
		if _, err := ringAll(ctx, x, social.MirrorTask, `SELECT DISTINCT destination_id AS subject, user_id, CAST($2 AS BIGINT) AS at
			FROM mirrors WHERE destination_id = $1`, saved.ID, micros(atOnce)); err != nil {
			return err
		}
		if _, err := ringAll(ctx, x, social.LiveTask, `SELECT id AS subject, user_id, CAST($2 AS BIGINT) AS at
			FROM mirrors WHERE destination_id = $1 AND live AND state = 'running'`, saved.ID, micros(atOnce)); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, saved.ID, atOnce)
	})
	return saved, err
}

// atOnce is due whatever the clock says.
var atOnce = time.UnixMicro(1)

func upsertDestination(ctx context.Context, x q, d social.Destination) (social.Destination, error) {
	return scanDestination(x.row(ctx, `
		INSERT INTO destinations (user_id, host, remote_id, handle, actor_id, flavour, software, scopes,
			state, follow_state, following, created_at, token)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12)
		ON CONFLICT (user_id, host, remote_id) DO UPDATE SET
			handle = excluded.handle, actor_id = excluded.actor_id, flavour = excluded.flavour,
			software = excluded.software, scopes = excluded.scopes, state = excluded.state,
			following = CASE WHEN excluded.following > 0 THEN excluded.following ELSE destinations.following END
		RETURNING `+destinationColumns,
		d.UserID, clean(d.Host), string(d.RemoteID), d.Handle.String(), clean(d.ActorID), string(d.Flavour), clean(d.Software),
		clean(d.Scopes), string(social.Active), d.Following, micros(d.CreatedAt), []byte{}))
}

// GetDestination returns the User's Destination, or NotFound.
func (s *Store) GetDestination(ctx context.Context, userID, id int64) (social.Destination, error) {
	d, err := getDestination(ctx, s.reading, userID, id)
	return d, s.d.mean(err)
}

func getDestination(ctx context.Context, x q, userID, id int64) (social.Destination, error) {
	return scanDestination(x.row(ctx, `SELECT `+destinationColumns+` FROM destinations WHERE user_id = $1 AND id = $2`, userID, id))
}

// ListDestinations lists the User's Destinations, oldest first.
func (s *Store) ListDestinations(ctx context.Context, userID int64) ([]social.Destination, error) {
	all, err := list(ctx, s.reading, scanDestination, `SELECT `+destinationColumns+` FROM destinations WHERE user_id = $1 ORDER BY id`, userID)
	return all, s.d.mean(err)
}

// DestinationToken opens the Destination's token. A token that does not open
// is Broken with code cannot-be-opened.
func (s *Store) DestinationToken(ctx context.Context, userID, id int64) (social.Secret, error) {
	token, err := s.token(ctx, s.reading, social.Destination{ID: id, UserID: userID})
	return token, s.d.mean(err)
}

func (s *Store) token(ctx context.Context, x q, d social.Destination) (social.Secret, error) {
	sealed, err := scalar[[]byte](x.row(ctx, `SELECT token FROM destinations WHERE user_id = $1 AND id = $2`, d.UserID, d.ID))
	if err != nil {
		return social.Secret{}, err
	}
	return s.sealer.unseal(sealed, tokenAt(d))
}

// DeleteDestination deletes the Destination with its token, FollowJobs, Mirrors
// and Budgets; a worker that is acting for it is fenced off.
func (s *Store) DeleteDestination(ctx context.Context, userID, id int64) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM tasks WHERE user_id = $1 AND (kind IN ('follow', 'mirror') AND subject = $2
			OR kind = 'live' AND subject IN (SELECT id FROM mirrors WHERE destination_id = $2))`, userID, id)
		if err != nil {
			return err
		}
		return one(x.exec(ctx, `DELETE FROM destinations WHERE user_id = $1 AND id = $2`, userID, id))
	})
}
