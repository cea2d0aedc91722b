-- +goose Up
-- Registrations are what people say of themselves, rows of public lists beside
-- them. The table is made anew: nothing could be registered before.
CREATE TABLE registry_imports (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  source      TEXT NOT NULL UNIQUE, -- the list's name, as people are told it
  file        TEXT NOT NULL,
  digest      TEXT NOT NULL, -- SHA-256 of the file, in hexadecimal
  imported_by TEXT NOT NULL,
  rows        BIGINT NOT NULL,
  imported_at BIGINT NOT NULL
);

DROP TABLE registrations;
-- xid is '' where nobody told it, and only what the registrant says where it is
-- not proven. username was so from created_at to checked_at. audience '' is not
-- published yet.
CREATE TABLE registrations (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id      BIGINT UNIQUE REFERENCES users (id) ON DELETE CASCADE, -- the registrant; NULL in a public list's row
  import_id    BIGINT REFERENCES registry_imports (id) ON DELETE CASCADE, -- NULL in a registrant's row
  xid          TEXT NOT NULL,
  xid_proven   BOOLEAN NOT NULL,
  username     TEXT NOT NULL,
  username_key TEXT NOT NULL,
  handle       TEXT NOT NULL,
  handle_key   TEXT NOT NULL,
  actor_id     TEXT NOT NULL,
  proof        TEXT NOT NULL,
  post         TEXT NOT NULL, -- number of the post on X that proves it
  code         TEXT NOT NULL, -- that the post carries
  audience     TEXT NOT NULL,
  stale        BOOLEAN NOT NULL,
  source       TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  checked_at   BIGINT NOT NULL,
  due_at       BIGINT NOT NULL, -- when both sides are looked at again, 0 for never
  UNIQUE (xid, username_key, handle_key, source)
);
CREATE INDEX registrations_name ON registrations (username_key) WHERE username_key <> '';
CREATE INDEX registrations_due ON registrations (due_at) WHERE due_at > 0;
CREATE INDEX registrations_import ON registrations (import_id) WHERE import_id IS NOT NULL;

-- A proof under way: the code that a post on X is to carry.
CREATE TABLE proofs (
  user_id    BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  code       TEXT NOT NULL,
  xid        TEXT NOT NULL,
  username   TEXT NOT NULL,
  handle     TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Whoever withdrew is not matched any more. A mark is an HMAC under a key that
-- is sealed: without the key outside of the database nobody can try numbers.
CREATE TABLE mark_keys (
  id     TEXT PRIMARY KEY,
  secret BLOB NOT NULL
);
CREATE TABLE objections (
  mark       TEXT PRIMARY KEY,
  created_at BIGINT NOT NULL
);

-- What somebody was let do in a day, under a mark: it outlives a User who
-- deletes everything and begins anew.
CREATE TABLE allowances (
  mark TEXT NOT NULL,
  day  BIGINT NOT NULL, -- since 1970
  n    BIGINT NOT NULL,
  PRIMARY KEY (mark, day)
);
CREATE INDEX allowances_day ON allowances (day);

-- Users whose list of numbers nobody can follow by hand: the operator looks first.
CREATE TABLE holds (
  user_id    BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  reason     TEXT NOT NULL,
  allowed    BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

ALTER TABLE users ADD COLUMN address_mark TEXT NOT NULL DEFAULT ''; -- of the network that the person came from
ALTER TABLE users ADD COLUMN auto_follow BOOLEAN NOT NULL DEFAULT false; -- follow certain arrivals at once
ALTER TABLE users ADD COLUMN watching BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN feed_salt TEXT NOT NULL DEFAULT ''; -- '' for no feed

-- registry_at: 0 not asked about yet, -1 waits for its turn, else when the
-- registrations of those who only want followers were looked at for it.
-- settled_at: when the first look for the person was over, 0 before.
ALTER TABLE accounts ADD COLUMN registry_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN settled_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_held ON accounts (user_id, id) WHERE registry_at < 0;
CREATE INDEX accounts_unsettled ON accounts (user_id) WHERE following AND settled_at = 0;
CREATE INDEX accounts_named ON accounts (username_key) WHERE following AND username_key <> '';

-- Matches that were found after the first look, each told once.
CREATE TABLE arrivals (
  match_id BIGINT PRIMARY KEY REFERENCES matches (id) ON DELETE CASCADE,
  user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  found_at BIGINT NOT NULL,
  seen_at  BIGINT NOT NULL -- when the page showed it, 0 not yet
);
CREATE INDEX arrivals_user ON arrivals (user_id, found_at);
CREATE INDEX arrivals_new ON arrivals (user_id) WHERE seen_at = 0;
