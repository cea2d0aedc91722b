-- +goose Up
-- Pages that profiles link to and that may link to their owners' other profiles.
-- Each is read when its User asks for it, beside the look-ups of its domain.
CREATE TABLE link_pages (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  domain_id  BIGINT NOT NULL REFERENCES domains (id),
  url        TEXT NOT NULL,
  state      TEXT NOT NULL,   -- '' not read yet
  links      TEXT NOT NULL,   -- JSON: those to profiles
  asked_at   BIGINT NOT NULL, -- when the person asked for it last, 0 never
  read_at    BIGINT NOT NULL,
  due_at     BIGINT NOT NULL, -- 0 not to be read
  attempts   BIGINT NOT NULL, -- that brought no answer, in a row
  UNIQUE (account_id, url)
);
CREATE INDEX link_pages_user ON link_pages (user_id, asked_at, id);
CREATE INDEX link_pages_due ON link_pages (domain_id, due_at) WHERE due_at > 0;
