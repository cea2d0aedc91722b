-- +goose Up
-- What lists that a User imported say of accounts: somebody's word, never proof.
-- Kept for that User alone, with the Source that brought it. A claim about a
-- native_id is never applied by name, since names change hands.
CREATE TABLE claims (
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  network      TEXT NOT NULL,
  native_id    TEXT NOT NULL, -- '' in a list that tells names only
  username_key TEXT NOT NULL, -- '' beside a native_id
  handle       TEXT NOT NULL,
  handle_key   TEXT NOT NULL,
  list         TEXT NOT NULL, -- what the list calls itself
  seen_at      BIGINT NOT NULL, -- when the list was made, 0 when it does not tell
  source_id    BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  imported_at  BIGINT NOT NULL,
  PRIMARY KEY (source_id, network, native_id, username_key, handle_key)
);
CREATE INDEX claims_native ON claims (user_id, network, native_id) WHERE native_id <> '';
CREATE INDEX claims_username ON claims (user_id, network, username_key) WHERE native_id = '';
