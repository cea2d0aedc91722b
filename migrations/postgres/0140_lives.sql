-- +goose Up
-- Mirrors that go on: where new posts are looked for, and what was seen there.
ALTER TABLE mirrors ADD COLUMN live BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE lives (
  mirror_id    BIGINT PRIMARY KEY REFERENCES mirrors (id) ON DELETE CASCADE,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind         TEXT NOT NULL,
  network      TEXT NOT NULL,
  host         TEXT NOT NULL, -- that is asked
  place        TEXT NOT NULL, -- the address of a feed, or what the API calls the account
  name         TEXT NOT NULL,
  page         TEXT NOT NULL,
  self         TEXT NOT NULL, -- JSON
  token        BYTEA NOT NULL, -- sealed, empty where none is needed
  since        BIGINT NOT NULL,
  delay_micros BIGINT NOT NULL,
  by_hand      BOOLEAN NOT NULL,
  most         BIGINT NOT NULL, -- millionths of a dollar
  spent        BIGINT NOT NULL,
  tag          TEXT NOT NULL,
  modified     TEXT NOT NULL,
  cursor       TEXT NOT NULL,
  quiet        BIGINT NOT NULL,
  failures     BIGINT NOT NULL,
  fault_code   TEXT NOT NULL,
  fault_args   TEXT NOT NULL, -- JSON
  fault_say    TEXT NOT NULL,
  looked_at    BIGINT NOT NULL,
  next_at      BIGINT NOT NULL,
  hand_at      BIGINT NOT NULL,
  created_at   BIGINT NOT NULL
);
CREATE INDEX lives_user ON lives (user_id);
CREATE INDEX lives_host ON lives (host);

-- One request at a time to each host, whatever process makes it.
CREATE TABLE live_hosts (
  host     TEXT PRIMARY KEY,
  asked_at BIGINT NOT NULL
);

CREATE TABLE live_posts (
  mirror_id  BIGINT NOT NULL REFERENCES mirrors (id) ON DELETE CASCADE,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  post_id    TEXT NOT NULL,
  state      TEXT NOT NULL,
  why        TEXT NOT NULL,
  print      TEXT NOT NULL,
  post       TEXT NOT NULL, -- JSON, while it waits
  first_at   BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,
  fresh      TEXT NOT NULL, -- JSON: as the source has it now, when that differs
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (mirror_id, post_id)
);
CREATE INDEX live_posts_user ON live_posts (user_id);
CREATE INDEX live_posts_state ON live_posts (mirror_id, state);
