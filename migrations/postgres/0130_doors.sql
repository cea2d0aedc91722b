-- +goose Up
-- How far apart two requests to a home server were last begun, in microseconds:
-- from it follows how many places are free at its door.
ALTER TABLE homes ADD COLUMN pause BIGINT NOT NULL DEFAULT 0;
