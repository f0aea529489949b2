-- One segment of the event and attempt log: see segment.h. Times are
-- microseconds since the Unix epoch, UTC. Enumerations hold the numbers of
-- storage/records.h, but for dimensions, which are those of posting.h.
--
-- No table but the small ones has an index: rows are found by their number, and
-- the numbers by the index in memory or, once the segment is sealed, by
-- index_block.

-- Exactly one row, written when the segment begins. Without it the segment does
-- not exist.
CREATE TABLE segment (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  first_event_seq INTEGER NOT NULL,   -- of its first event, if it has any
  first_attempt_seq INTEGER NOT NULL,
  create_time_us INTEGER NOT NULL,
  last_accept_time_us INTEGER NOT NULL, -- of the last event before it; 0: none
  last_recorded_ticks INTEGER NOT NULL  -- of the last attempt; 0: none
);

-- Accepted objects. Rows are never changed.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,            -- ingest order, without a gap
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

-- One try at a delivery over the wire. Rows are never changed.
CREATE TABLE attempt (
  attempt_seq INTEGER PRIMARY KEY,    -- commit order, without a gap
  tenant_uid INTEGER NOT NULL,
  subscription_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  start_time_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  topic TEXT NOT NULL,
  qos INTEGER NOT NULL CHECK (qos BETWEEN 0 AND 2),
  requested_qos INTEGER NOT NULL CHECK (requested_qos BETWEEN 0 AND 2),
  succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
  error_class INTEGER NOT NULL,
  error_message TEXT NOT NULL,
  reason_code INTEGER NOT NULL,
  reason_string TEXT NOT NULL,
  warning TEXT NOT NULL,
  packet_id INTEGER NOT NULL,
  duplicate_flag INTEGER NOT NULL,    -- MQTT's DUP: 0 or 1
  manual INTEGER NOT NULL CHECK (manual IN (0, 1)),  -- a person asked for it
  session_present INTEGER NOT NULL,
  broker_address TEXT NOT NULL,
  connection INTEGER NOT NULL,
  pubrec_time_us INTEGER,             -- NULL: none came
  ack_time_us INTEGER,                -- NULL: none came
  subscription_revision INTEGER NOT NULL,
  broker_revision INTEGER NOT NULL,
  -- When it was recorded, in units of 100 ns since the Unix epoch: later than
  -- the one before, whatever the clock did. See attempt_stamps.h.
  recorded_ticks INTEGER NOT NULL,
  ended INTEGER NOT NULL CHECK (ended IN (0, 1)),  -- the delivery, with it
  next_attempt_time_us INTEGER        -- as planned then; NULL: nothing was
);

-- In which hours since the Unix epoch attempts of a tenant were recorded.
CREATE TABLE recorded_hour (
  tenant_uid INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  PRIMARY KEY (tenant_uid, hour)
) WITHOUT ROWID;

-- The state of each subscription's deliveries: see storage/event_log.h. Begins
-- as a copy of what the segment before it held; of an older segment than the
-- newest it is what was true when the next one began.
CREATE TABLE subscription (
  uid INTEGER PRIMARY KEY,
  tenant_uid INTEGER NOT NULL,
  subscription_id TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  sent_through INTEGER NOT NULL CHECK (sent_through >= cursor),
  accepted_count INTEGER NOT NULL,
  delivered_count INTEGER NOT NULL,
  parked_count INTEGER NOT NULL,
  expired_count INTEGER NOT NULL,
  discarded_count INTEGER NOT NULL
);

-- Deliveries that became RETRYING, PARKED, EXPIRED or DISCARDED while this was
-- the newest segment, and those that were again delivered after RETRYING. Of
-- the rows of a delivery in several segments the newest counts. One that had
-- ended is RETRYING again when a person asked for that.
CREATE TABLE delivery_exception (
  tenant_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  subscription_uid INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 3 AND 7),  -- DeliveryState
  reason INTEGER NOT NULL,            -- EndReason
  -- When it ended; while RETRYING when a person asked for it, 0: nobody did.
  time_us INTEGER NOT NULL,
  sent INTEGER NOT NULL CHECK (sent IN (0, 1)),
  -- The broker answered its last attempt, should that not be in this segment.
  answered INTEGER NOT NULL CHECK (answered IN (0, 1)),
  attempt_count INTEGER NOT NULL,
  rejection_count INTEGER NOT NULL,   -- of attempts answered with no
  next_attempt_time_us INTEGER NOT NULL,
  lifetime_us INTEGER NOT NULL,       -- that was over; 0: not known
  wait_cause INTEGER NOT NULL,        -- WaitCause
  -- Copied from the segment before, where it was counted.
  carried INTEGER NOT NULL CHECK (carried IN (0, 1)),
  PRIMARY KEY (tenant_uid, event_seq, subscription_uid)
) WITHOUT ROWID;

-- Events above a cursor that had attempts when this segment began.
CREATE TABLE attempted_event (
  subscription_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  attempt_count INTEGER NOT NULL,
  delivered INTEGER NOT NULL CHECK (delivered IN (0, 1)),
  PRIMARY KEY (subscription_uid, event_seq)
) WITHOUT ROWID;

-- What happened while this was the newest segment, counted as it was written:
-- storage/stats_reader.h.
CREATE TABLE stats_minute (
  subscription_uid INTEGER NOT NULL,
  minute INTEGER NOT NULL,            -- since the Unix epoch
  object_type INTEGER NOT NULL,
  accepted INTEGER NOT NULL,          -- events
  accepted_bytes INTEGER NOT NULL,    -- of payloads
  delivered INTEGER NOT NULL,
  delivered_bytes INTEGER NOT NULL,
  failed INTEGER NOT NULL,            -- attempts
  parked INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  discarded INTEGER NOT NULL,
  -- Delivered ones by the time since acceptance: LatencyHistogram's buckets.
  latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL,
  latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL,
  latency_4 INTEGER NOT NULL, latency_5 INTEGER NOT NULL,
  latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL,
  latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
  latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL,
  latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL,
  latency_14 INTEGER NOT NULL, latency_15 INTEGER NOT NULL,
  latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL,
  latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
  latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL,
  latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL,
  latency_24 INTEGER NOT NULL,
  PRIMARY KEY (subscription_uid, minute, object_type)
) WITHOUT ROWID;

-- The same by hours; filled by sealing.
CREATE TABLE stats_hour (
  subscription_uid INTEGER NOT NULL,
  hour INTEGER NOT NULL,              -- since the Unix epoch
  object_type INTEGER NOT NULL,
  accepted INTEGER NOT NULL,          -- events
  accepted_bytes INTEGER NOT NULL,    -- of payloads
  delivered INTEGER NOT NULL,
  delivered_bytes INTEGER NOT NULL,
  failed INTEGER NOT NULL,            -- attempts
  parked INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  discarded INTEGER NOT NULL,
  -- Delivered ones by the time since acceptance: LatencyHistogram's buckets.
  latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL,
  latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL,
  latency_4 INTEGER NOT NULL, latency_5 INTEGER NOT NULL,
  latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL,
  latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
  latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL,
  latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL,
  latency_14 INTEGER NOT NULL, latency_15 INTEGER NOT NULL,
  latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL,
  latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
  latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL,
  latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL,
  latency_24 INTEGER NOT NULL,
  PRIMARY KEY (subscription_uid, hour, object_type)
) WITHOUT ROWID;

-- By topic and hour, of deliveries at the topics that have counts of their own:
-- topic_slots.h.
CREATE TABLE stats_topic (
  subscription_uid INTEGER NOT NULL,
  hour INTEGER NOT NULL,              -- since the Unix epoch
  topic TEXT NOT NULL,
  delivered INTEGER NOT NULL,
  delivered_bytes INTEGER NOT NULL,
  failed INTEGER NOT NULL,            -- attempts
  parked INTEGER NOT NULL,
  PRIMARY KEY (subscription_uid, hour, topic)
) WITHOUT ROWID;

-- Of the newest segment: those that retention dropped last, whose files may
-- still be there, and those between the others; and what all held that were ever
-- dropped, less what of the others does not count any more: the success or the
-- parking of a delivery that was sent again.
CREATE TABLE dropped_segment (number INTEGER PRIMARY KEY);
CREATE TABLE dropped_tally (
  subscription_uid INTEGER PRIMARY KEY,
  event_count INTEGER NOT NULL,
  success_count INTEGER NOT NULL,
  parked_count INTEGER NOT NULL,
  expired_count INTEGER NOT NULL,
  discarded_count INTEGER NOT NULL
);

-- Written once, by sealing; posting_block.h says how postings are packed.
CREATE TABLE index_block (
  dimension INTEGER NOT NULL,
  first_key INTEGER NOT NULL,         -- of the first posting, as the next two
  first_order INTEGER NOT NULL,
  first_row INTEGER NOT NULL,
  postings BLOB NOT NULL,
  -- An index of its own: beside the postings, few keys would fit into a page of
  -- it, and to look one up take many pages.
  PRIMARY KEY (dimension, first_key, first_order, first_row)
);

-- How much of each subscription is in the segment.
CREATE TABLE subscription_tally (
  subscription_uid INTEGER PRIMARY KEY,
  event_count INTEGER NOT NULL,       -- that it took
  success_count INTEGER NOT NULL,     -- attempts that succeeded
  parked_count INTEGER NOT NULL,      -- of exceptions that began here
  expired_count INTEGER NOT NULL,
  discarded_count INTEGER NOT NULL,
  first_attempted_seq INTEGER NOT NULL,  -- lowest and highest event_seq of its
  last_attempted_seq INTEGER NOT NULL    -- attempts
);

-- Exactly one row once the segment is sealed, but for page_checksum.
CREATE TABLE seal (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_event_seq INTEGER NOT NULL,    -- first_event_seq - 1: no events
  last_attempt_seq INTEGER NOT NULL,
  first_accept_time_us INTEGER NOT NULL,
  last_accept_time_us INTEGER NOT NULL,
  first_start_time_us INTEGER NOT NULL,   -- of attempts
  last_start_time_us INTEGER NOT NULL,
  first_attempted_seq INTEGER NOT NULL,   -- event seqs of attempts
  last_attempted_seq INTEGER NOT NULL,
  first_exception_seq INTEGER NOT NULL,   -- event seqs of exceptions
  last_exception_seq INTEGER NOT NULL,
  index_checksum INTEGER NOT NULL,        -- of all blocks
  key_filter BLOB NOT NULL                -- see key_filter.h
);

-- The last thing that is written: with it the segment is sealed.
CREATE TABLE page_checksum (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  checksum INTEGER NOT NULL               -- see page_checksum.h
);
