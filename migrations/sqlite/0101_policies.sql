-- +goose Up
-- What a server's admins say of posts that are carried over to it. Public.
CREATE TABLE mirror_policies (
  host       TEXT PRIMARY KEY,
  domain     TEXT NOT NULL,
  choice     TEXT NOT NULL,   -- quiet, daily or no
  daily      BIGINT NOT NULL, -- posts a day for each account, of daily
  changed_at BIGINT NOT NULL
);
CREATE INDEX mirror_policies_domain ON mirror_policies (domain);

-- That a server is to be left alone was its own admin's wish, who may end it.
ALTER TABLE homes ADD COLUMN asked_alone BOOLEAN NOT NULL DEFAULT false;

-- Domains that a server's admins gave us as a list, beside what it publishes.
CREATE TABLE given_blocks (
  host   TEXT NOT NULL,
  digest TEXT NOT NULL, -- SHA-256 of the domain, in hexadecimal
  PRIMARY KEY (host, digest)
);

-- Accounts that a wave would like to suggest. Each was asked, and only those
-- that said yes are shown.
CREATE TABLE starters (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  wave_id     BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  code        TEXT NOT NULL UNIQUE, -- of the link by which it is asked
  handle      TEXT NOT NULL,
  handle_key  TEXT NOT NULL,
  actor_id    TEXT NOT NULL,
  answer      TEXT NOT NULL, -- yes, no, or '' as long as there is none
  asked_at    BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  UNIQUE (wave_id, handle_key)
);

-- Who follows a suggested account because it was suggested.
CREATE TABLE starter_picks (
  starter_id     BIGINT NOT NULL REFERENCES starters (id) ON DELETE CASCADE,
  destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  picked_at      BIGINT NOT NULL,
  PRIMARY KEY (starter_id, destination_id)
);
CREATE INDEX starter_picks_destination ON starter_picks (destination_id);
CREATE INDEX starter_picks_user ON starter_picks (user_id);
