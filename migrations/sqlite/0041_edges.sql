-- +goose Up
-- Who is in which list of a User's, as a Source tells.
CREATE TABLE list_members (
  source_id  BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  title      TEXT NOT NULL,
  account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  PRIMARY KEY (source_id, title, account_id)
);
CREATE INDEX list_members_account ON list_members (account_id);

-- What is carried over besides follows, on request: mutes, blocks, and lists with
-- their members. The row of a list itself has no handle.
CREATE TABLE edge_jobs (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  kind           TEXT NOT NULL, -- muted, blocked, listed
  list           TEXT NOT NULL, -- title, '' unless listed
  handle         TEXT NOT NULL,
  handle_key     TEXT NOT NULL,
  actor_id       TEXT NOT NULL,
  remote_id      TEXT NOT NULL, -- of the account on the home server
  list_id        TEXT NOT NULL, -- of the list there
  state          TEXT NOT NULL,
  outcome        TEXT NOT NULL,
  reason         TEXT NOT NULL,
  attempts       BIGINT NOT NULL,
  due_at         BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  UNIQUE (destination_id, kind, list, handle_key)
);
CREATE INDEX edge_jobs_due ON edge_jobs (destination_id, due_at) WHERE due_at > 0;
CREATE INDEX edge_jobs_user ON edge_jobs (user_id);
