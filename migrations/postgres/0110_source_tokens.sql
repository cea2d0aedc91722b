-- +goose Up
-- The token with which a source is read over a server's API. It is kept sealed,
-- and only until all was read.
CREATE TABLE source_tokens (
  source_id BIGINT PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
  host      TEXT NOT NULL, -- of the API
  token     BYTEA NOT NULL
);
