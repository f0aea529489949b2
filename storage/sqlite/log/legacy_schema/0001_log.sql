-- The event and attempt log (log.db). Times are microseconds since the Unix
-- epoch, UTC. Enumerations hold the numbers of storage/records.h.

-- Accepted objects. Rows are never changed.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,            -- ingest order
  tenant_uid INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  object_type INTEGER NOT NULL CHECK (object_type BETWEEN 1 AND 6),
  object_id TEXT NOT NULL,
  asset_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  accept_time_us INTEGER NOT NULL,    -- never decreases with seq
  subscription_uids TEXT NOT NULL,    -- of those that took it: ",3,17,"
  payload BLOB NOT NULL               -- byte for byte as received
);
CREATE UNIQUE INDEX event_by_event_id ON event (tenant_uid, event_id);
CREATE INDEX event_by_tenant ON event (tenant_uid, seq);
CREATE INDEX event_by_asset ON event (tenant_uid, asset_id, seq);
CREATE INDEX event_by_accept_time ON event (accept_time_us, seq);

-- One try at a delivery over the wire. Rows are never changed.
CREATE TABLE attempt (
  attempt_seq INTEGER PRIMARY KEY,    -- commit order
  tenant_uid INTEGER NOT NULL,
  subscription_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  start_time_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  topic TEXT NOT NULL,
  qos INTEGER NOT NULL CHECK (qos BETWEEN 0 AND 2),
  succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
  error_class INTEGER NOT NULL,
  error_message TEXT NOT NULL,
  reason_code INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  duplicate_flag INTEGER NOT NULL,
  session_present INTEGER NOT NULL,
  broker_address TEXT NOT NULL,
  subscription_revision INTEGER NOT NULL,
  broker_revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX attempt_by_delivery
  ON attempt (subscription_uid, event_seq, number);
CREATE INDEX attempt_by_start_time
  ON attempt (tenant_uid, start_time_us, attempt_seq);

-- The state of a subscription's deliveries: see storage/event_log.h. A row is
-- made with the first event that the subscription takes and outlives the subscription.
CREATE TABLE subscription (
  uid INTEGER PRIMARY KEY,
  tenant_uid INTEGER NOT NULL,
  subscription_id TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  sent_through INTEGER NOT NULL CHECK (sent_through >= cursor),
  accepted_count INTEGER NOT NULL,
  delivered_count INTEGER NOT NULL,
  parked_count INTEGER NOT NULL
);
CREATE INDEX subscription_by_tenant ON subscription (tenant_uid, uid);

-- Deliveries that are RETRYING or PARKED.
CREATE TABLE delivery_exception (
  subscription_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  parked INTEGER NOT NULL CHECK (parked IN (0, 1)),
  sent INTEGER NOT NULL CHECK (sent IN (0, 1)),
  attempt_count INTEGER NOT NULL,
  rejection_count INTEGER NOT NULL,   -- of attempts answered with no
  next_attempt_time_us INTEGER NOT NULL,
  PRIMARY KEY (subscription_uid, event_seq)
) WITHOUT ROWID;
CREATE INDEX delivery_exception_retrying
  ON delivery_exception (subscription_uid) WHERE parked = 0;
