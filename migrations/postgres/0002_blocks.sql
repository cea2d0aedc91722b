-- +goose Up
-- What home servers publish of the domains they suspend. Public facts: nothing
-- here says who asked.
CREATE TABLE block_lists (
  host    TEXT PRIMARY KEY, -- of the home server
  next_at BIGINT NOT NULL   -- when the list is to be read again
);

CREATE TABLE blocked_domains (
  host   TEXT NOT NULL REFERENCES block_lists (host) ON DELETE CASCADE,
  digest TEXT NOT NULL, -- SHA-256 of the domain, in hexadecimal
  PRIMARY KEY (host, digest)
);
