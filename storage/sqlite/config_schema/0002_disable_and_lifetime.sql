-- Subscriptions can be disabled, and their events can have a lifetime.
ALTER TABLE subscription ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0
  CHECK (disabled IN (0, 1));
-- NULL: as the deployment says.
ALTER TABLE subscription ADD COLUMN event_lifetime_s INTEGER
  CHECK (event_lifetime_s >= 1);
