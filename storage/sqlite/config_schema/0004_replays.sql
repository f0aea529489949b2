-- Deliveries that are sent again by a filter: see storage/replay_store.h. A
-- tenant's go with it.
CREATE TABLE replay (
  uid INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_uid INTEGER NOT NULL REFERENCES tenant (uid) ON DELETE CASCADE,
  -- The filter. NULL or '': any. The subscription may have been deleted since.
  subscription_uid INTEGER,
  subscription_id TEXT NOT NULL,
  start_time_us INTEGER,
  end_time_us INTEGER,
  object_type INTEGER,
  asset_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  topic TEXT NOT NULL,
  of_parked INTEGER NOT NULL CHECK (of_parked IN (0, 1)),
  of_delivered INTEGER NOT NULL CHECK (of_delivered IN (0, 1)),
  max_per_second INTEGER NOT NULL CHECK (max_per_second >= 1),
  create_time_us INTEGER NOT NULL,
  matched_count INTEGER NOT NULL CHECK (matched_count >= 0),
  matched_bytes INTEGER NOT NULL CHECK (matched_bytes >= 0),
  -- How far it has come.
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
  position_event_seq INTEGER NOT NULL,
  position_subscription_uid INTEGER NOT NULL,
  requested_count INTEGER NOT NULL CHECK (requested_count >= 0),
  skipped_count INTEGER NOT NULL CHECK (skipped_count >= 0),
  finish_time_us INTEGER,
  error TEXT NOT NULL,
  CHECK ((state = 1) = (finish_time_us IS NULL)),
  CHECK (of_parked OR of_delivered)
) STRICT;
CREATE INDEX replay_of_tenant ON replay (tenant_uid, uid);
