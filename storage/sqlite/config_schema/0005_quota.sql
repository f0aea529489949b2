-- What a tenant may use; 0: as the deployment says.
ALTER TABLE tenant ADD COLUMN ingest_events_per_second INTEGER NOT NULL
  DEFAULT 0 CHECK (ingest_events_per_second >= 0);
ALTER TABLE tenant ADD COLUMN ingest_burst INTEGER NOT NULL DEFAULT 0
  CHECK (ingest_burst >= 0);
ALTER TABLE tenant ADD COLUMN max_waiting_events INTEGER NOT NULL DEFAULT 0
  CHECK (max_waiting_events >= 0);
ALTER TABLE tenant ADD COLUMN max_waiting_bytes INTEGER NOT NULL DEFAULT 0
  CHECK (max_waiting_bytes >= 0);
ALTER TABLE tenant ADD COLUMN outbox_policy INTEGER NOT NULL DEFAULT 0
  CHECK (outbox_policy BETWEEN 0 AND 2);
