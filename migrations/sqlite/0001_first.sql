-- +goose Up
-- Times are microseconds since 1970 UTC, 0 for none. Columns of type BLOB hold
-- sealed secrets and nothing else. Ids of deleted rows are never given again.

CREATE TABLE seal_keys (
  id          TEXT PRIMARY KEY,
  check_value BLOB NOT NULL
);

CREATE TABLE users (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  host       TEXT NOT NULL, -- '' together with remote_id: the owner of the machine
  remote_id  TEXT NOT NULL,
  handle     TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  locale     TEXT NOT NULL,
  look_slot  BIGINT NOT NULL DEFAULT 0, -- look-ups caused, counted from 1970 at so many a day
  created_at BIGINT NOT NULL,
  UNIQUE (host, remote_id)
);

CREATE TABLE sessions (
  hash       TEXT PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, seen_at);

CREATE TABLE flows (
  id            TEXT PRIMARY KEY,
  state         TEXT NOT NULL,
  cookie        TEXT NOT NULL,
  user_id       BIGINT REFERENCES users (id) ON DELETE CASCADE,
  host          TEXT NOT NULL,
  typed         TEXT NOT NULL,
  token_url     TEXT NOT NULL,
  authorize_url TEXT NOT NULL,
  client_id     TEXT NOT NULL,
  client_secret BLOB NOT NULL,
  verifier      BLOB NOT NULL,
  scopes        TEXT NOT NULL,
  redirect_uri  TEXT NOT NULL,
  flavour       TEXT NOT NULL,
  created_at    BIGINT NOT NULL
);
CREATE INDEX flows_user ON flows (user_id);
CREATE INDEX flows_age ON flows (created_at);

CREATE TABLE apps (
  host          TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  redirect_uri  TEXT NOT NULL,
  client_id     TEXT NOT NULL,
  client_secret BLOB NOT NULL,
  PRIMARY KEY (host, scopes, redirect_uri)
);

CREATE TABLE destinations (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  host         TEXT NOT NULL,
  remote_id    TEXT NOT NULL,
  handle       TEXT NOT NULL,
  actor_id     TEXT NOT NULL,
  flavour      TEXT NOT NULL,
  software     TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  state        TEXT NOT NULL,
  follow_state TEXT NOT NULL,
  following    BIGINT NOT NULL,
  token        BLOB NOT NULL,
  created_at   BIGINT NOT NULL,
  UNIQUE (user_id, host, remote_id)
);

CREATE TABLE budgets (
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  family         TEXT NOT NULL,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  quota          BIGINT NOT NULL,
  remaining      BIGINT NOT NULL,
  resets_at      BIGINT NOT NULL,
  window_micros  BIGINT NOT NULL,
  PRIMARY KEY (destination_id, family)
);
CREATE INDEX budgets_user ON budgets (user_id);

-- What is due. due_at is when the row was rung for, claimed_until the lease of
-- the worker that has it, ready_at when it may be claimed: the lease's end while
-- claimed, else due_at, 0 when it rests.
CREATE TABLE tasks (
  kind          TEXT NOT NULL,
  subject       BIGINT NOT NULL,
  user_id       BIGINT REFERENCES users (id) ON DELETE CASCADE,
  due_at        BIGINT NOT NULL,
  claimed_until BIGINT NOT NULL,
  ready_at      BIGINT NOT NULL,
  claim_no      BIGINT NOT NULL,
  attempts      BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX tasks_ready ON tasks (ready_at) WHERE ready_at > 0;
CREATE INDEX tasks_kind ON tasks (kind, ready_at, subject) WHERE ready_at > 0;
CREATE INDEX tasks_user ON tasks (user_id);

CREATE TABLE sources (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id     BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind        TEXT NOT NULL,
  state       TEXT NOT NULL,
  name        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  spool       TEXT NOT NULL,
  keep        BOOLEAN NOT NULL,
  owner       TEXT NOT NULL, -- JSON
  exported_at BIGINT NOT NULL,
  counts      TEXT NOT NULL, -- JSON
  warnings    TEXT NOT NULL, -- JSON
  skipped     BIGINT NOT NULL, -- records that could not be stored
  fault_code  TEXT NOT NULL,
  fault_args  TEXT NOT NULL, -- JSON
  fault_say   TEXT NOT NULL,
  bytes       BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  read_at     BIGINT NOT NULL,
  seconds     DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX sources_digest ON sources (user_id, digest) WHERE state <> 'broken' AND digest <> '';
CREATE INDEX sources_user ON sources (user_id, id);

-- read_at: 0 waits to be read for handles, -1 handed out for it, else when it was read.
CREATE TABLE accounts (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  network      TEXT NOT NULL,
  native_id    TEXT NOT NULL,
  username     TEXT NOT NULL,
  username_key TEXT NOT NULL,
  name         TEXT NOT NULL,
  name_key     TEXT NOT NULL,
  bio          TEXT NOT NULL,
  location     TEXT NOT NULL,
  url          TEXT NOT NULL,
  links        TEXT NOT NULL, -- JSON
  pinned       TEXT NOT NULL,
  pinned_links TEXT NOT NULL, -- JSON
  named_at     BIGINT NOT NULL, -- when username and name were so
  texts_at     BIGINT NOT NULL, -- when the others were so
  following    BOOLEAN NOT NULL,
  blocked      BOOLEAN NOT NULL,
  read_at      BIGINT NOT NULL,
  stored_at    BIGINT NOT NULL, -- when bio, location or pinned post came in, 0 without any
  texts_gone   BOOLEAN NOT NULL -- they were deleted by age
);
CREATE UNIQUE INDEX accounts_native ON accounts (user_id, network, native_id) WHERE native_id <> '';
CREATE UNIQUE INDEX accounts_username ON accounts (user_id, network, username_key) WHERE native_id = '';
CREATE INDEX accounts_following ON accounts (user_id, id) WHERE following;
CREATE INDEX accounts_unread ON accounts (user_id, id) WHERE following AND read_at <= 0;
CREATE INDEX accounts_blocked ON accounts (user_id, id) WHERE blocked;
CREATE INDEX accounts_registrable ON accounts (native_id) WHERE following AND native_id <> '';
CREATE INDEX accounts_texts ON accounts (stored_at) WHERE stored_at > 0;

-- An edge of kind '' says that the source names the account, no more.
CREATE TABLE edges (
  source_id  BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  kind       TEXT NOT NULL,
  account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  PRIMARY KEY (source_id, kind, account_id)
);
CREATE INDEX edges_account ON edges (account_id, kind);

CREATE TABLE domains (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  failures   BIGINT NOT NULL,
  open_until BIGINT NOT NULL,
  day        TEXT NOT NULL,
  day_count  BIGINT NOT NULL
);

-- Public facts, shared between users: nothing here says who asked. turn is the
-- place in the queue of whoever asked first, so that a long list lets short ones pass.
CREATE TABLE lookups (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  handle_key  TEXT NOT NULL UNIQUE,
  handle      TEXT NOT NULL,
  host        TEXT NOT NULL,
  domain_id   BIGINT NOT NULL REFERENCES domains (id),
  state       TEXT NOT NULL,
  resolution  TEXT NOT NULL, -- JSON
  final_key   TEXT NOT NULL, -- where it leads: the handle moved to, or the confirmed one
  checked_at  BIGINT NOT NULL,
  fresh_until BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  turn        BIGINT NOT NULL,
  attempts    BIGINT NOT NULL
);
CREATE INDEX lookups_due ON lookups (domain_id, turn, due_at) WHERE due_at > 0;
CREATE INDEX lookups_next ON lookups (domain_id, due_at) WHERE due_at > 0;
CREATE INDEX lookups_ill ON lookups (id) WHERE state = 'ill';
CREATE INDEX lookups_domain ON lookups (domain_id);
CREATE INDEX lookups_final ON lookups (final_key) WHERE final_key <> '';

-- certainty and handle are '' until graded. decided_at is 0 for a decision that
-- was Godwit's own. grading: 1 wants grading, 2 handed out for it, 0 graded.
CREATE TABLE matches (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  lookup_id  BIGINT NOT NULL REFERENCES lookups (id),
  asked      TEXT NOT NULL,
  asked_key  TEXT NOT NULL,
  handle     TEXT NOT NULL,
  handle_key TEXT NOT NULL,
  host       TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  evidence   TEXT NOT NULL, -- JSON without its texts
  texts      TEXT NOT NULL, -- JSON: the texts of evidence, deleted by age
  texts_at   BIGINT NOT NULL,
  certainty  TEXT NOT NULL,
  conflict   BOOLEAN NOT NULL,
  decision   TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  waiting    BOOLEAN NOT NULL, -- for its first look-up
  grading    BIGINT NOT NULL,
  UNIQUE (account_id, asked_key)
);
CREATE INDEX matches_user ON matches (user_id, account_id, id);
CREATE INDEX matches_lookup ON matches (lookup_id);
CREATE INDEX matches_grading ON matches (user_id, account_id) WHERE grading > 0;
CREATE INDEX matches_waiting ON matches (user_id, account_id) WHERE waiting;
CREATE INDEX matches_texts ON matches (texts_at) WHERE texts <> '';
CREATE INDEX matches_live ON matches (user_id, certainty, conflict, decision, decided_at) WHERE handle_key <> '';
CREATE INDEX matches_found ON matches (user_id, account_id) WHERE handle_key <> '';
CREATE INDEX matches_decided ON matches (user_id, decision, handle_key, account_id) WHERE handle_key <> '';

CREATE TABLE undos (
  id         TEXT PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  decision   TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  before     TEXT NOT NULL -- JSON: what the matches were
);
CREATE INDEX undos_user ON undos (user_id, decided_at);

CREATE TABLE registrations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  xid        TEXT NOT NULL,
  username   TEXT NOT NULL,
  handle     TEXT NOT NULL,
  handle_key TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  proof      TEXT NOT NULL,
  source     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  checked_at BIGINT NOT NULL,
  UNIQUE (xid, handle_key, source)
);

-- rank: 0 certain, 1 likely, 2 possible; domain is the target's registrable one.
CREATE TABLE follow_jobs (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  match_id       BIGINT NOT NULL,
  handle         TEXT NOT NULL,
  handle_key     TEXT NOT NULL,
  domain         TEXT NOT NULL,
  actor_id       TEXT NOT NULL,
  rank           BIGINT NOT NULL,
  state          TEXT NOT NULL,
  outcome        TEXT NOT NULL,
  reason         TEXT NOT NULL,
  new_handle     TEXT NOT NULL,
  remote_id      TEXT NOT NULL,
  locked         BOOLEAN NOT NULL,
  attempts       BIGINT NOT NULL,
  empty          BIGINT NOT NULL,
  checks         BIGINT NOT NULL,
  due_at         BIGINT NOT NULL,
  asked_at       BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  UNIQUE (destination_id, handle_key)
);
CREATE INDEX follow_jobs_user ON follow_jobs (user_id);
CREATE INDEX follow_jobs_work ON follow_jobs (destination_id, state, rank, id);
CREATE INDEX follow_jobs_due ON follow_jobs (destination_id, state, due_at);
CREATE INDEX follow_jobs_news ON follow_jobs (destination_id, updated_at, id);
