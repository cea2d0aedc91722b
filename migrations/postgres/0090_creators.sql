-- +goose Up
-- What a registrant is told of those who moved through here, once a day and in
-- fives: exact figures are never stored (REG-09).
CREATE TABLE creator_counts (
  user_id    BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  followed   BIGINT NOT NULL, -- Users who followed the X account
  led        BIGINT NOT NULL, -- of them follow, or asked to
  waiting    BIGINT NOT NULL, -- of them have the follow planned
  counted_at BIGINT NOT NULL,
  due_at     BIGINT NOT NULL  -- when it is counted again
);
