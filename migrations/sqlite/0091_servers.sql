-- +goose Up
-- What servers say of themselves to somebody who looks for one. Public facts,
-- shared between users: nothing here says who asked.
CREATE TABLE servers (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  host     TEXT NOT NULL UNIQUE,
  domain   TEXT NOT NULL, -- its registrable one
  told     BOOLEAN NOT NULL, -- it answered the last time
  about    TEXT NOT NULL,    -- JSON, '' as long as it never answered
  asked_at BIGINT NOT NULL,  -- 0 not yet
  due_at   BIGINT NOT NULL   -- asked again if somebody wants it from then on
);
