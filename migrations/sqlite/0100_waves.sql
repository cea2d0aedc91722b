-- +goose Up
-- What an account may do on its own server, as that server told it last.
CREATE TABLE server_roles (
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  host       TEXT NOT NULL,    -- origin of the API
  domain     TEXT NOT NULL,    -- of handles, confirmed by WebFinger
  rank       TEXT NOT NULL,    -- admin, moderator or ''
  code       TEXT NOT NULL,    -- the line for the server's description, where it tells no roles
  checked_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, host)
);

-- A cohort of newcomers of one server. Whoever is an admin there may change it.
CREATE TABLE waves (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- who made it
  host       TEXT NOT NULL,
  domain     TEXT NOT NULL,
  code       TEXT NOT NULL UNIQUE, -- of its link
  name       TEXT NOT NULL,
  welcome    TEXT NOT NULL,
  entry      TEXT NOT NULL,        -- how one gets an account there: open, invite or approval
  invite     TEXT NOT NULL,        -- address of an invitation at the server, '' for none
  joiners    TEXT NOT NULL,        -- who may join: all, new or approved
  places     BIGINT NOT NULL,      -- at most so many, 0 for no bound
  expects    BIGINT NOT NULL,      -- newcomers, for the estimate
  ends_at    BIGINT NOT NULL,
  cap_all    BIGINT NOT NULL,      -- follows an hour of all together
  cap_one    BIGINT NOT NULL,      -- of one newcomer
  opened     BIGINT NOT NULL,      -- how often the link was opened
  created_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL,      -- 0 while it is a draft
  closed_at  BIGINT NOT NULL,
  paused_at  BIGINT NOT NULL,
  paused_by  TEXT NOT NULL,        -- handle of the admin
  slow_at    BIGINT NOT NULL,      -- when the pace was halved last
  slow_until BIGINT NOT NULL,
  slow_by    TEXT NOT NULL,        -- handle of the admin, '' for Godwit itself
  hook_secret BLOB NOT NULL DEFAULT '' -- sealed: what signs the server's calls; empty for none
);
CREATE INDEX waves_host ON waves (host, id);
CREATE INDEX waves_user ON waves (user_id);

CREATE TABLE wave_members (
  destination_id BIGINT PRIMARY KEY REFERENCES destinations (id) ON DELETE CASCADE,
  wave_id        BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  user_id        BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  joined_at      BIGINT NOT NULL
);
CREATE INDEX wave_members_wave ON wave_members (wave_id, destination_id);
CREATE INDEX wave_members_user ON wave_members (user_id);

-- Accounts that the server says it let in, as marks: they are nobody's here yet.
CREATE TABLE wave_approved (
  wave_id     BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  mark        TEXT NOT NULL,
  approved_at BIGINT NOT NULL,
  PRIMARY KEY (wave_id, mark)
);

-- Calls of the server that were taken, so that none is taken twice.
CREATE TABLE wave_calls (
  wave_id BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  digest  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (wave_id, digest)
);

-- The load of five minutes: counts only, nothing here says whose.
CREATE TABLE wave_loads (
  wave_id  BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  at       BIGINT NOT NULL, -- when the five minutes began
  follows  BIGINT NOT NULL,
  requests BIGINT NOT NULL, -- to the wave's own server
  slow     BIGINT NOT NULL, -- of them answered with "slow down", or not at all
  PRIMARY KEY (wave_id, at)
);
CREATE INDEX wave_loads_age ON wave_loads (at);

-- Where a wave stood at an hour.
CREATE TABLE wave_counts (
  wave_id  BIGINT NOT NULL REFERENCES waves (id) ON DELETE CASCADE,
  at       BIGINT NOT NULL,
  counts   TEXT NOT NULL, -- JSON
  PRIMARY KEY (wave_id, at)
);
