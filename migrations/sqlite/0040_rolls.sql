-- +goose Up
-- Following by lists that are handed over to a server, and the reading of whom
-- an account follows by now.
ALTER TABLE destinations ADD COLUMN by_list BOOLEAN NOT NULL DEFAULT false; -- the person's choice
ALTER TABLE destinations ADD COLUMN roll_at BIGINT NOT NULL DEFAULT 0;      -- when its next page is due, 0 when none is wanted
ALTER TABLE destinations ADD COLUMN roll_requests BOOLEAN NOT NULL DEFAULT false; -- that page is of those who were asked
ALTER TABLE destinations ADD COLUMN roll_cursor TEXT NOT NULL DEFAULT '';   -- of that page
