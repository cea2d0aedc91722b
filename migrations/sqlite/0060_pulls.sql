-- +goose Up
-- How far the reading of a list over an API came. Its pages are kept until a
-- Source is made of them, so that nothing is asked for, or paid, twice.
CREATE TABLE pulls (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  host       TEXT NOT NULL, -- of the API
  account_id TEXT NOT NULL, -- of the account whose list it is
  kind       TEXT NOT NULL,
  cursor     TEXT NOT NULL, -- of the next page, '' at the beginning
  pages      BIGINT NOT NULL,
  entries    BIGINT NOT NULL,
  spent      BIGINT NOT NULL, -- millionths of a dollar; what is under way counts
  done       BOOLEAN NOT NULL,
  due_at     BIGINT NOT NULL, -- the API wants no request before
  updated_at BIGINT NOT NULL,
  UNIQUE (user_id, host, account_id, kind)
);

CREATE TABLE pull_pages (
  pull_id BIGINT NOT NULL REFERENCES pulls (id) ON DELETE CASCADE,
  n       BIGINT NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (pull_id, n)
);
