-- +goose Up
-- How many follow one account, and who asked first.
CREATE INDEX follow_jobs_target ON follow_jobs (handle_key, id);
