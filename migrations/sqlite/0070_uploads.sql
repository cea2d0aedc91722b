-- +goose Up
-- Uploads that come in pieces. Their bytes lie in the spool under the same name,
-- and how many there are says how far an upload came. A row outlives its upload
-- by a day, so that a browser that missed the last answer still learns of it.
CREATE TABLE uploads (
  name       TEXT PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mark       TEXT NOT NULL, -- made by the browser of the files, which finds them again by it
  shown      TEXT NOT NULL, -- the first file's own name
  bytes      BIGINT NOT NULL, -- as declared
  source_id  BIGINT NOT NULL, -- what became of it, 0 until it is whole
  touched_at BIGINT NOT NULL, -- when the last piece came in
  UNIQUE (user_id, mark)
);
CREATE INDEX uploads_touched ON uploads (touched_at);
