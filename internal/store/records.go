package store

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"godwit/internal/social"
)

// SaveRecords upserts a batch of what was read: Accounts by native id or
// username with newer facts winning, Edges, under the claim. An Account whose
// texts or names changed becomes due for matching again. A batch that the
// database refuses is split down to the row; a row that it refuses by itself
// is left out, counted, and becomes a warning of the Source (STO-05).
func (s *Store) SaveRecords(ctx context.Context, t social.Task, records []social.Record) error {
	rows, bad := accountRows(records)
	if bad > 0 {
		if err := s.countSkipped(ctx, t, bad); err != nil {
			return err
		}
	}
	if err := s.saveRows(ctx, t, rows); err != nil {
		return err
	}
	return s.saveClaims(ctx, t, claimRows(records))
}

func (s *Store) saveRows(ctx context.Context, t social.Task, rows []*accountRow) error {
	if len(rows) == 0 {
		return nil
	}
	var cause error
	err := s.writeSoon(ctx, func(x q) error { // a claim that is lost reads the Source again
		owner, err := fence(ctx, x, t, social.ImportTask)
		if err == nil {
			err = upsertAccounts(ctx, x, owner, t.ID, rows)
		}
		cause = err
		return err
	})
	if err == nil || s.d.failure(cause) != dataFailure {
		return err
	}
	if len(rows) == 1 {
		return s.countSkipped(ctx, t, 1)
	}
	half := len(rows) / 2
	if err := s.saveRows(ctx, t, rows[:half]); err != nil {
		return err
	}
	return s.saveRows(ctx, t, rows[half:])
}

func (s *Store) countSkipped(ctx context.Context, t social.Task, n int) error {
	slog.WarnContext(ctx, "records left out", "task", t.String(), "records", n)
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.ImportTask); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE sources SET skipped = skipped + $2 WHERE id = $1`, t.ID, n)
		return err
	})
}

// accountRow is an Account of a batch as it goes into the database, without what
// is not known of it, and with the kinds of all its Edges.
type accountRow struct {
	Network     social.Network    `json:"network"`
	NativeID    string            `json:"id,omitempty"`
	Username    string            `json:"username,omitempty"`
	UsernameKey string            `json:"username_key,omitempty"`
	Name        string            `json:"name,omitempty"`
	NameKey     string            `json:"name_key,omitempty"`
	Bio         string            `json:"bio,omitempty"`
	Location    string            `json:"location,omitempty"`
	URL         string            `json:"url,omitempty"`
	Links       string            `json:"links,omitempty"`
	Pinned      string            `json:"pinned,omitempty"`
	PinnedLinks string            `json:"pinned_links,omitempty"`
	NamedAt     int64             `json:"named_at,omitempty"` // when the names were so, 0 without any
	TextsAt     int64             `json:"texts_at,omitempty"` // when the texts were so, 0 without any
	Following   bool              `json:"following,omitempty"`
	Blocked     bool              `json:"blocked,omitempty"`
	Kinds       []social.EdgeKind `json:"-"`
	Lists       []string          `json:"-"` // titles of those that it is in
}

// accountRows merges the records of each Account, older facts first, and
// counts those that cannot be stored: without id and username, or with absurd ones.
func accountRows(records []social.Record) (rows []*accountRow, bad int) {
	records = slices.DeleteFunc(slices.Clone(records), onlyClaims)
	slices.SortStableFunc(records, func(a, b social.Record) int { return a.SeenAt.Compare(b.SeenAt) })
	byKey := map[string]*accountRow{}
	for _, record := range records {
		row := newAccountRow(record)
		key := string(row.Network) + " " + row.NativeID
		if row.NativeID == "" {
			key = string(row.Network) + " @" + row.UsernameKey
		}
		switch known := byKey[key]; {
		case !row.storable():
			bad++
		case known == nil:
			byKey[key] = row
		default:
			known.learn(row)
		}
	}
	return slices.SortedFunc(maps.Values(byKey), compareAccounts), bad
}

// compareAccounts gives all batches one order, so that two transactions never
// wait for each other.
func compareAccounts(a, b *accountRow) int {
	return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.NativeID, b.NativeID), cmp.Compare(a.UsernameKey, b.UsernameKey))
}

func newAccountRow(r social.Record) *accountRow {
	row := &accountRow{
		Network: r.Network, NativeID: clean(r.NativeID),
		Username: clean(r.Username), UsernameKey: lower(r.Username), Name: clean(r.Name), NameKey: lower(r.Name),
		Bio: clean(r.Bio), Location: clean(r.Location), URL: clean(r.URL), Links: encodeList(cleanAll(r.Links)),
		Pinned: clean(r.Pinned), PinnedLinks: encodeList(cleanAll(r.PinnedLinks)), Following: r.Edge == social.Following, Blocked: r.Edge == social.Blocked,
		Kinds: []social.EdgeKind{r.Edge},
	}
	if title := clean(r.List); r.Edge == social.Listed && title != "" && len(title) <= maxKeyText {
		row.Lists = []string{title}
	}
	if row.Username+row.Name != "" {
		row.NamedAt = micros(r.SeenAt)
	}
	if row.Bio+row.Location+row.URL+row.Links+row.Pinned+row.PinnedLinks != "" {
		row.TextsAt = micros(r.SeenAt)
	}
	return row
}

func (r *accountRow) storable() bool {
	key := len(r.NativeID) + len(r.UsernameKey)
	return key > 0 && key <= maxKeyText && len(r.Network) <= maxKeyText
}

// learn takes over what a newer row of the same Account knows.
func (r *accountRow) learn(newer *accountRow) {
	for _, field := range []struct{ old, new *string }{
		{&r.Username, &newer.Username}, {&r.UsernameKey, &newer.UsernameKey}, {&r.Name, &newer.Name}, {&r.NameKey, &newer.NameKey},
		{&r.Bio, &newer.Bio}, {&r.Location, &newer.Location}, {&r.URL, &newer.URL}, {&r.Links, &newer.Links},
		{&r.Pinned, &newer.Pinned}, {&r.PinnedLinks, &newer.PinnedLinks},
	} {
		if *field.new != "" {
			*field.old = *field.new
		}
	}
	r.NamedAt, r.TextsAt = max(r.NamedAt, newer.NamedAt), max(r.TextsAt, newer.TextsAt)
	r.Following = r.Following || newer.Following
	r.Blocked = r.Blocked || newer.Blocked
	r.Kinds = append(r.Kinds, newer.Kinds...)
	r.Lists = append(r.Lists, newer.Lists...)
}

// facts are the columns in which newer facts win, each with the column that
// tells whether there is one and the column of its time. Names and texts have
// times of their own: an export names people by posts that are years older.
var facts = [][3]string{
	{"username", "username", "named_at"}, {"username_key", "username", "named_at"},
	{"name", "name", "named_at"}, {"name_key", "name", "named_at"},
	{"bio", "bio", "texts_at"}, {"location", "location", "texts_at"}, {"url", "url", "texts_at"}, {"links", "links", "texts_at"},
	{"pinned", "pinned", "texts_at"}, {"pinned_links", "pinned_links", "texts_at"},
}

// upsertNative and upsertNamed save a batch of Accounts: those known by their
// native id, and those known only by their username.
var (
	upsertNative = upsertAccount(`native_id <> ''`, `(user_id, network, native_id) WHERE native_id <> ''`)
	upsertNamed  = upsertAccount(`native_id = ''`, `(user_id, network, username_key) WHERE native_id = ''`)
)

func upsertAccount(which, conflict string) string {
	set, changed := []string{}, []string{}
	texts := []string{`COALESCE(e.value->>'id', '') AS native_id`}
	for _, fact := range facts {
		texts = append(texts, `COALESCE(e.value->>'`+fact[0]+`', '') AS `+fact[0])
		wins := strings.NewReplacer(".f", "."+fact[1], ".t", "."+fact[2]).Replace(
			`excluded.f <> '' AND (accounts.f = '' OR excluded.t >= accounts.t)`)
		set = append(set, fact[0]+` = CASE WHEN `+wins+` THEN excluded.`+fact[0]+` ELSE accounts.`+fact[0]+` END`)
		if fact[0] == fact[1] {
			changed = append(changed, wins+` AND excluded.`+fact[0]+` <> accounts.`+fact[0])
		}
	}
	return `
		INSERT INTO accounts (user_id, network, native_id, username, username_key, name, name_key, bio, location, url, links,
			pinned, pinned_links, named_at, texts_at, following, blocked, read_at, stored_at, texts_gone)
		SELECT CAST($1 AS BIGINT), network, native_id, username, username_key, name, name_key, bio, location, url, links,
			pinned, pinned_links, named_at, texts_at, following, blocked, 0,
			CASE WHEN bio = '' AND location = '' AND pinned = '' THEN 0 ELSE (SELECT created_at FROM sources WHERE id = $3) END, false
		FROM (SELECT e.value->>'network' AS network, ` + strings.Join(texts, ", ") + `,
			CAST(COALESCE(e.value->>'named_at', '0') AS BIGINT) AS named_at, CAST(COALESCE(e.value->>'texts_at', '0') AS BIGINT) AS texts_at,
			e.value->>'following' IS NOT NULL AS following, e.value->>'blocked' IS NOT NULL AS blocked
			FROM EACH($2)) AS batch
		WHERE ` + which + `
		ON CONFLICT ` + conflict + ` DO UPDATE SET ` + strings.Join(set, ", ") + `,
			named_at = CASE WHEN excluded.named_at > accounts.named_at THEN excluded.named_at ELSE accounts.named_at END,
			texts_at = CASE WHEN excluded.texts_at > accounts.texts_at THEN excluded.texts_at ELSE accounts.texts_at END,
			following = accounts.following OR excluded.following,
			blocked = accounts.blocked OR excluded.blocked,
			stored_at = CASE WHEN excluded.stored_at > 0 THEN excluded.stored_at ELSE accounts.stored_at END,
			texts_gone = accounts.texts_gone AND excluded.stored_at = 0,
			read_at = CASE WHEN ` + strings.Join(changed, " OR ") + ` THEN 0 ELSE accounts.read_at END
		WHERE ` + strings.Join(changed, " OR ") + `
			OR excluded.named_at > accounts.named_at OR excluded.texts_at > accounts.texts_at
			OR excluded.following AND NOT accounts.following OR excluded.blocked AND NOT accounts.blocked
			OR excluded.stored_at > 0 AND excluded.stored_at <> accounts.stored_at`
}

const insertEdges = `
	INSERT INTO edges (source_id, kind, account_id)
	SELECT CAST($3 AS BIGINT), e.value->>'kind', a.id
	FROM EACH($2) JOIN accounts AS a ON a.user_id = $1 AND a.network = e.value->>'network' AND `

const (
	edgesOfNative = insertEdges + `a.native_id <> '' AND a.native_id = e.value->>'id' ON CONFLICT DO NOTHING`
	edgesOfNamed  = insertEdges + `a.native_id = '' AND a.username_key = e.value->>'username_key' ON CONFLICT DO NOTHING`
)

// edgeRow is one Edge of a batch.
type edgeRow struct {
	Network     social.Network  `json:"network"`
	NativeID    string          `json:"id,omitempty"`
	UsernameKey string          `json:"username_key,omitempty"`
	Kind        social.EdgeKind `json:"kind"`
}

func upsertAccounts(ctx context.Context, x q, userID, sourceID int64, rows []*accountRow) error {
	var native, named []*accountRow
	for _, row := range rows {
		if row.NativeID != "" {
			native = append(native, row)
		} else {
			named = append(named, row)
		}
	}
	if err := upsertKnown(ctx, x, userID, sourceID, native, upsertNative, edgesOfNative); err != nil {
		return err
	}
	if err := upsertKnown(ctx, x, userID, sourceID, named, upsertNamed, edgesOfNamed); err != nil {
		return err
	}
	return saveMembers(ctx, x, userID, sourceID, rows)
}

func upsertKnown(ctx context.Context, x q, userID, sourceID int64, rows []*accountRow, accounts, edges string) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := x.exec(ctx, accounts, userID, array(rows), sourceID); err != nil {
		return err
	}
	var kinds []edgeRow
	for _, row := range rows {
		for _, kind := range row.Kinds {
			kinds = append(kinds, edgeRow{row.Network, row.NativeID, row.UsernameKey, kind})
		}
	}
	_, err := x.exec(ctx, edges, userID, array(kinds), sourceID)
	return err
}

const accountColumns = `a.id, a.network, a.native_id, a.username, a.name, a.bio, a.location, a.url, a.links, a.pinned, a.pinned_links,
	CASE WHEN a.texts_at <> 0 THEN a.texts_at ELSE a.named_at END`

// accountFields are where a row of accountColumns goes.
func accountFields(a *social.Account) []any {
	return []any{&a.ID, &a.Network, &a.NativeID, &a.Username, &a.Name, &a.Bio, &a.Location, &a.URL, document{&a.Links},
		&a.Pinned, document{&a.PinnedLinks}, moment{&a.SeenAt}}
}

func scanAccount(r scanner) (a social.Account, err error) {
	err = r.Scan(accountFields(&a)...)
	return a, err
}

// NewAccounts lists up to limit Accounts of the User that wait to be read for
// handles (those with an Edge of kind following, each with all it holds, all
// that the User's lists claim of it and the pages of it that were read). They
// are handed out again until SaveCandidates has marked them read.
func (s *Store) NewAccounts(ctx context.Context, userID int64, limit int) (all []social.Account, err error) {
	err = s.write(ctx, func(x q) error {
		all, err = list(ctx, x, scanAccount, `SELECT `+accountColumns+` FROM accounts AS a
			WHERE a.user_id = $1 AND a.following AND a.read_at <= 0 ORDER BY a.id LIMIT $2`, userID, limit)
		if err != nil || len(all) == 0 {
			return err
		}
		if err := addClaims(ctx, x, userID, all); err != nil {
			return err
		}
		if err := addPages(ctx, x, userID, all); err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE accounts SET read_at = -1 WHERE read_at = 0 AND id IN IDS($1)`,
			array(accountIDs(all)))
		return err
	})
	return all, err
}

func accountIDs(all []social.Account) []int64 {
	ids := make([]int64, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids
}

// Unmatched lists followed Accounts without a live Match, by id after the
// given one.
func (s *Store) Unmatched(ctx context.Context, userID, after int64, limit int) ([]social.Account, error) {
	all, err := list(ctx, s.reading, scanAccount, `SELECT `+accountColumns+` FROM accounts AS a
		WHERE a.user_id = $1 AND a.following AND a.id > $2
		AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.account_id = a.id AND m.handle_key <> '')
		ORDER BY a.id LIMIT $3`, userID, after, limit)
	return all, s.d.mean(err)
}

// CountAccounts counts the User's Accounts that any Source connects to, by kind.
func (s *Store) CountAccounts(ctx context.Context, userID int64) (map[social.EdgeKind]int, error) {
	type count struct {
		kind social.EdgeKind
		n    int
	}
	rows, err := list(ctx, s.reading, func(r scanner) (c count, err error) {
		return c, r.Scan(&c.kind, &c.n)
	}, `SELECT e.kind, count(DISTINCT e.account_id) FROM edges AS e JOIN sources AS s ON s.id = e.source_id
		WHERE s.user_id = $1 GROUP BY e.kind`, userID)
	counts := map[social.EdgeKind]int{}
	for _, row := range rows {
		counts[row.kind] = row.n
	}
	return counts, s.d.mean(err)
}
