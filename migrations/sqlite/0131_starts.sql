-- +goose Up
-- Processes that started within the last minute: they begin slowly, together.
CREATE TABLE starts (
  id TEXT PRIMARY KEY, -- made up by the process
  at BIGINT NOT NULL
);
