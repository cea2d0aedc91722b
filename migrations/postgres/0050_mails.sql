-- +goose Up
-- Where arrivals are told by e-mail, once a person confirmed the address by a
-- link. salt makes the names of the links; a new one ends the old links.
CREATE TABLE mails (
  user_id      BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  address      BYTEA NOT NULL,
  lang         TEXT NOT NULL,
  salt         TEXT NOT NULL,
  asked_at     BIGINT NOT NULL,
  written_at   BIGINT NOT NULL, -- when the letter with the link went, 0 not yet
  confirmed_at BIGINT NOT NULL, -- 0 not yet: nothing but that letter is sent
  told_at      BIGINT NOT NULL  -- when the last letter about arrivals went
);
CREATE INDEX mails_unconfirmed ON mails (asked_at) WHERE confirmed_at = 0;

-- When a letter told an arrival, 0 for not.
ALTER TABLE arrivals ADD COLUMN mailed_at BIGINT NOT NULL DEFAULT 0;
