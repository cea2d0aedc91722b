-- +goose Up
-- A lapsed domain can be bought, and its new server gives the same ids and
-- names to other people. The day on which an account was made tells them apart.
ALTER TABLE users ADD COLUMN born TEXT NOT NULL DEFAULT ''; -- day on which the account was made, YYYY-MM-DD; '' unknown
ALTER TABLE users ADD COLUMN parked_at BIGINT NOT NULL DEFAULT 0; -- when somebody else turned up under its address; deleted 30 days later
