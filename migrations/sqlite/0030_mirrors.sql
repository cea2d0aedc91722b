-- +goose Up
-- The carrying over of posts. A mirror holds what its person wrote, so that it
-- can be shown before it is sent; nothing of it outlives the mirror.
ALTER TABLE sources ADD COLUMN hold BOOLEAN NOT NULL DEFAULT false; -- the upload is kept for a mirror

CREATE TABLE mirrors (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  source_id      BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  state          TEXT NOT NULL,
  fault_code     TEXT NOT NULL,
  fault_args     TEXT NOT NULL, -- JSON
  fault_say      TEXT NOT NULL,
  protected      BOOLEAN NOT NULL,
  network        TEXT NOT NULL,
  names          TEXT NOT NULL, -- JSON
  rules          TEXT NOT NULL, -- JSON
  limits         TEXT NOT NULL, -- JSON
  version        TEXT NOT NULL,
  server_rules   TEXT NOT NULL, -- JSON
  summary        TEXT NOT NULL, -- JSON
  planned_at     BIGINT NOT NULL, -- 0 while it waits to be planned
  started_at     BIGINT NOT NULL,
  last_at        BIGINT NOT NULL, -- the last act at the server
  created_at     BIGINT NOT NULL,
  UNIQUE (destination_id, source_id)
);
CREATE INDEX mirrors_user ON mirrors (user_id, id);
CREATE INDEX mirrors_source ON mirrors (source_id);

CREATE TABLE mirror_posts (
  mirror_id  BIGINT NOT NULL REFERENCES mirrors (id) ON DELETE CASCADE,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  post_id    TEXT NOT NULL,
  position   BIGINT NOT NULL,
  answers    TEXT NOT NULL, -- the post of the plan that it answers
  torn       BOOLEAN NOT NULL,
  visibility TEXT NOT NULL,
  notes      TEXT NOT NULL, -- JSON
  post       TEXT NOT NULL, -- JSON
  PRIMARY KEY (mirror_id, post_id)
);
CREATE INDEX mirror_posts_user ON mirror_posts (user_id);
CREATE INDEX mirror_posts_order ON mirror_posts (mirror_id, position);

-- The ledger: one row for each status, written before the call that makes it.
-- is_open says that something is still to be done for it.
CREATE TABLE mirror_jobs (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mirror_id      BIGINT NOT NULL REFERENCES mirrors (id) ON DELETE CASCADE,
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  network        TEXT NOT NULL,
  post_id        TEXT NOT NULL,
  part           BIGINT NOT NULL,
  parts          BIGINT NOT NULL,
  parent_id      BIGINT NOT NULL,
  position       BIGINT NOT NULL,
  draft          TEXT NOT NULL, -- JSON
  files          TEXT NOT NULL, -- JSON
  file_count     BIGINT NOT NULL,
  state          TEXT NOT NULL,
  is_open        BOOLEAN NOT NULL,
  reason         TEXT NOT NULL,
  key            TEXT NOT NULL,
  print          TEXT NOT NULL,
  parent_at      BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  tried_at       BIGINT NOT NULL,
  misses         BIGINT NOT NULL,
  missed_at      BIGINT NOT NULL,
  remote_id      TEXT NOT NULL,
  url            TEXT NOT NULL,
  attempts       BIGINT NOT NULL,
  due_at         BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  UNIQUE (mirror_id, post_id, part)
);
CREATE INDEX mirror_jobs_user ON mirror_jobs (user_id);
CREATE INDEX mirror_jobs_open ON mirror_jobs (mirror_id, position) WHERE is_open;
CREATE INDEX mirror_jobs_state ON mirror_jobs (mirror_id, state, position);
CREATE INDEX mirror_jobs_order ON mirror_jobs (mirror_id, position);
CREATE INDEX mirror_jobs_remote ON mirror_jobs (destination_id, remote_id) WHERE remote_id <> '';
CREATE INDEX mirror_jobs_post ON mirror_jobs (destination_id, network, post_id);
