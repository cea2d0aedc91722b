package feditest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Account is a person, bot or group on a Host.
type Account struct {
	host    *Host
	user    string
	name    string
	bio     string
	kind    string // ActivityStreams type
	fields  []ProfileField
	created time.Time

	locked   bool
	gone     bool
	memorial bool
	silent   bool // never answers a Follow
	declines bool // answers every Follow with a Reject
	role     *apiRole
	login    string // trouble of the account's own sign-in: disabled, pending, unconfirmed
	movedTo  string // a handle or an actor id
	aka      []string
	blocks   map[string]bool // handles, lower case
	mutes    map[string]bool

	following []*follow // rows where it is the follower, in order
	days      map[string]int
	followers []*follow
}

// ProfileField is one row of a profile's table. A value that begins with
// https:// is shown as a link with rel="me".
type ProfileField struct{ Name, Value string }

// AccountOption shapes an Account.
type AccountOption func(*Account)

// Named sets the display name.
func Named(name string) AccountOption { return func(a *Account) { a.name = name } }

// Bio sets the profile's text, plain.
func Bio(text string) AccountOption { return func(a *Account) { a.bio = text } }

// Field adds a row to the profile's table.
func Field(name, value string) AccountOption {
	return func(a *Account) { a.fields = append(a.fields, ProfileField{name, value}) }
}

// Born sets when the account was made.
func Born(at time.Time) AccountOption { return func(a *Account) { a.created = at } }

// Locked makes the account approve followers by hand (Accept, Decline).
func Locked() AccountOption { return func(a *Account) { a.locked = true } }

// Bot makes the account a bot.
func Bot() AccountOption { return func(a *Account) { a.kind = "Service" } }

// Group makes the account a group.
func Group() AccountOption { return func(a *Account) { a.kind = "Group" } }

// Role gives the account a role on its host, with Mastodon's permissions as
// bits; 1 is an admin's.
func Role(name string, permissions int) AccountOption {
	return func(a *Account) { a.role = &apiRole{ID: "3", Name: name, Permissions: strconv.Itoa(permissions)} }
}

// SetRole gives the account of a user another role, as its host's owner does.
func (h *Host) SetRole(user, name string, permissions int) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	Role(name, permissions)(h.accounts[strings.ToLower(user)])
}

// Gone makes the account deleted for good.
func Gone() AccountOption { return func(a *Account) { a.gone = true } }

// Memorial marks the account of somebody who died.
func Memorial() AccountOption { return func(a *Account) { a.memorial = true } }

// Silent makes the account's server never answer a Follow.
func Silent() AccountOption { return func(a *Account) { a.silent = true } }

// Declines makes the account answer every Follow with a Reject.
func Declines() AccountOption { return func(a *Account) { a.declines = true } }

// MovedTo makes the account say that it moved to another, a handle or an actor
// id. The target confirms it only with AlsoKnownAs.
func MovedTo(target string) AccountOption { return func(a *Account) { a.movedTo = target } }

// AlsoKnownAs lists other accounts of the person, handles or actor ids.
func AlsoKnownAs(others ...string) AccountOption {
	return func(a *Account) { a.aka = append(a.aka, others...) }
}

// Blocking makes the account block others, given by handle.
func Blocking(handles ...string) AccountOption {
	return func(a *Account) {
		for _, handle := range handles {
			a.blocks[strings.ToLower(handle)] = true
		}
	}
}

// LoginTrouble makes the host's API refuse the account's own tokens with 403:
// "disabled", "pending" or "unconfirmed", the three of Mastodon.
func LoginTrouble(kind string) AccountOption { return func(a *Account) { a.login = kind } }

// AddAccount adds an account. It panics on a name taken.
func (h *Host) AddAccount(user string, options ...AccountOption) *Account {
	a := &Account{host: h, user: user, kind: "Person", blocks: map[string]bool{}, mutes: map[string]bool{}, days: map[string]int{}}
	for _, option := range options {
		option(a)
	}
	w := h.world
	w.mu.Lock()
	defer w.mu.Unlock()
	key := strings.ToLower(user)
	if h.accounts[key] != nil {
		panic("feditest: two accounts named " + a.handle())
	}
	if a.name == "" {
		a.name = user
	}
	if a.created.IsZero() {
		a.created = w.now().AddDate(-1, 0, -(len(h.order) % 300))
	}
	h.accounts[key] = a
	h.order = append(h.order, a)
	h.learn(a)
	return a
}

// Change applies options to an account that is already there: it locks, moves
// or is deleted while a test runs.
func (a *Account) Change(options ...AccountOption) {
	a.host.world.mu.Lock()
	defer a.host.world.mu.Unlock()
	for _, option := range options {
		option(a)
	}
}

// Handle is user@domain, without a leading @.
func (a *Account) Handle() string { return a.handle() }

// ActorID is the account's id in ActivityPub.
func (a *Account) ActorID() string { return a.actorID() }

// URL is the profile's page for people.
func (a *Account) URL() string { return a.profile() }

// RemoteID is the account's id in the API of the host home; "" where home does
// not know it yet.
func (a *Account) RemoteID(home *Host) string {
	home.world.mu.Lock()
	defer home.world.mu.Unlock()
	return home.ids[a]
}

func (a *Account) handle() string { return a.user + "@" + a.host.domain }

func (a *Account) actorID() string { return a.host.url(a.host.ways.actorPath + a.user) }

func (a *Account) profile() string { return a.host.url(a.host.ways.profilePath + a.user) }

// acct is the account as the API of home writes it: bare when local.
func (a *Account) acct(home *Host) string {
	if a.host == home {
		return a.user
	}
	return a.handle()
}

// learn gives an account its id on h, the first time h hears of it; w.mu is
// held.
func (h *Host) learn(a *Account) string {
	if id, ok := h.ids[a]; ok {
		return id
	}
	id := h.ways.newID(h, a)
	h.ids[a], h.known[id] = id, a
	return id
}

// snowflake is an id of Mastodon: milliseconds and a counter.
func snowflake(h *Host, _ *Account) string {
	w := h.world
	w.serial++
	return strconv.FormatInt(w.now().UnixMilli()<<16|w.serial&0xffff, 10)
}

// ulid is an id of GoToSocial: 26 characters of Crockford's alphabet, sorting by
// time. The random part is a counter, so that runs repeat.
func ulid(h *Host, _ *Account) string { return ulidAt(h, h.world.now()) }

func ulidAt(h *Host, at time.Time) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	w := h.world
	w.serial++
	var b [26]byte
	for part, i := at.UnixMilli(), 9; i >= 0; i-- {
		b[i], part = alphabet[part&31], part>>5
	}
	for part, i := w.serial, 25; i >= 10; i-- {
		b[i], part = alphabet[part&31], part>>5
	}
	return string(b[:])
}

// actorSum is an id of snac: the MD5 of the actor's id, as its recordings bear
// out (dave of gts-b.test is 5bebb530304de608420586dc9b9de276).
func actorSum(_ *Host, a *Account) string {
	sum := md5.Sum([]byte(a.actorID()))
	return hex.EncodeToString(sum[:])
}

// moved resolves movedTo: the account if it is in the world, and its actor id;
// w.mu is held.
func (a *Account) moved() (*Account, string) {
	if a.movedTo == "" || strings.HasPrefix(a.movedTo, "https://") {
		return nil, a.movedTo
	}
	if target := a.host.world.find(a.movedTo); target != nil {
		return target, target.actorID()
	}
	return nil, fmt.Sprintf("https://%s/users/%s", afterAt(a.movedTo), beforeAt(a.movedTo))
}

// akaIDs are the actor ids of AlsoKnownAs; w.mu is held.
func (a *Account) akaIDs() []string {
	ids := []string{}
	for _, other := range a.aka {
		if target := a.host.world.find(other); target != nil {
			other = target.actorID()
		}
		ids = append(ids, other)
	}
	return ids
}

func beforeAt(handle string) string {
	user, _, _ := strings.Cut(handle, "@")
	return user
}

func afterAt(handle string) string {
	_, domain, _ := strings.Cut(handle, "@")
	return domain
}
