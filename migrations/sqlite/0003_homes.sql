-- +goose Up
-- Home servers, as all who follow from there share them. Public facts and the
-- operator's wishes: nothing here says who asked.
CREATE TABLE homes (
  host         TEXT PRIMARY KEY,
  open_at      BIGINT NOT NULL DEFAULT 0,      -- no request before
  cap          BIGINT NOT NULL DEFAULT 0,      -- requests in five minutes, the operator's; 0: what its software bears
  quiet_from   BIGINT NOT NULL DEFAULT 0,      -- minutes of the day; equal to quiet_to for none
  quiet_to     BIGINT NOT NULL DEFAULT 0,
  quiet_zone   TEXT NOT NULL DEFAULT '',
  alone        BOOLEAN NOT NULL DEFAULT false, -- its admins asked the operator to be left alone
  shut         BOOLEAN NOT NULL DEFAULT false, -- its robots.txt asks for it
  robots_at    BIGINT NOT NULL DEFAULT 0,      -- when that is read again
  ill          BOOLEAN NOT NULL DEFAULT false, -- the last request found nobody
  gentle_until BIGINT NOT NULL DEFAULT 0       -- until then at half the pace
);
CREATE INDEX homes_open ON homes (open_at);
INSERT INTO homes (host) SELECT DISTINCT host FROM destinations WHERE host <> '';

-- What a server allows all of us together, and the pace towards each target host.
CREATE TABLE home_budgets (
  host          TEXT NOT NULL REFERENCES homes (host) ON DELETE CASCADE,
  family        TEXT NOT NULL,
  quota         BIGINT NOT NULL,
  remaining     BIGINT NOT NULL,
  resets_at     BIGINT NOT NULL,
  window_micros BIGINT NOT NULL,
  PRIMARY KEY (host, family)
);
CREATE INDEX home_budgets_age ON home_budgets (resets_at);

-- How many requests were made for whom today: whoever had least is next.
CREATE TABLE home_turns (
  host    TEXT NOT NULL REFERENCES homes (host) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day     BIGINT NOT NULL, -- since 1970, UTC
  served  BIGINT NOT NULL,
  PRIMARY KEY (host, user_id)
);
CREATE INDEX home_turns_user ON home_turns (user_id);

-- The id of an account on a home server, found once for all.
CREATE TABLE remote_ids (
  host       TEXT NOT NULL, -- of the home server
  handle_key TEXT NOT NULL,
  actor_id   TEXT NOT NULL, -- that was verified, '' for by its address alone
  remote_id  TEXT NOT NULL,
  locked     BOOLEAN NOT NULL,
  found_at   BIGINT NOT NULL,
  PRIMARY KEY (host, handle_key)
);
CREATE INDEX remote_ids_age ON remote_ids (found_at);

CREATE INDEX tasks_claimed ON tasks (kind, claimed_until) WHERE claimed_until > 0;
CREATE INDEX destinations_host ON destinations (host);

-- They are shared now, and begin anew.
DELETE FROM budgets WHERE family LIKE 'target:%'
  OR family = 'requests' AND destination_id IN (SELECT id FROM destinations WHERE flavour IN ('gotosocial', 'snac'));
