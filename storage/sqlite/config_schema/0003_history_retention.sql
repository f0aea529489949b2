-- NULL: as long as the deployment keeps it.
ALTER TABLE tenant ADD COLUMN history_retention_s INTEGER
  CHECK (history_retention_s >= 1);
