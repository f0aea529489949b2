-- How deliveries end other than by success, and all evidence of an attempt.

-- Deliveries that are RETRYING, PARKED, EXPIRED or DISCARDED.
CREATE TABLE delivery_exception_2 (
  subscription_uid INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 4 AND 7),  -- DeliveryState
  reason INTEGER NOT NULL,            -- EndReason
  time_us INTEGER NOT NULL,           -- when it ended; 0 while RETRYING
  sent INTEGER NOT NULL CHECK (sent IN (0, 1)),
  attempt_count INTEGER NOT NULL,
  rejection_count INTEGER NOT NULL,   -- of attempts answered with no
  next_attempt_time_us INTEGER NOT NULL,
  PRIMARY KEY (subscription_uid, event_seq)
) WITHOUT ROWID;
-- What was parked before ended with its last attempt.
INSERT INTO delivery_exception_2 (subscription_uid, event_seq, state, reason,
    time_us, sent, attempt_count, rejection_count, next_attempt_time_us)
  SELECT subscription_uid, event_seq, CASE parked WHEN 1 THEN 5 ELSE 4 END, 0,
      CASE parked WHEN 1 THEN coalesce(
        (SELECT max(start_time_us + duration_us) FROM attempt
         WHERE attempt.subscription_uid = delivery_exception.subscription_uid
           AND attempt.event_seq = delivery_exception.event_seq), 0)
      ELSE 0 END,
      sent, attempt_count, rejection_count, next_attempt_time_us
    FROM delivery_exception;
DROP TABLE delivery_exception;
ALTER TABLE delivery_exception_2 RENAME TO delivery_exception;
CREATE INDEX delivery_exception_retrying
  ON delivery_exception (subscription_uid) WHERE state = 4;

ALTER TABLE subscription ADD COLUMN expired_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN discarded_count INTEGER NOT NULL DEFAULT 0;

-- NULL: as `qos`, in attempts of the time before this column.
ALTER TABLE attempt ADD COLUMN requested_qos INTEGER
  CHECK (requested_qos BETWEEN 0 AND 2);
ALTER TABLE attempt ADD COLUMN reason_string TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN warning TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN connection INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN pubrec_time_us INTEGER;  -- NULL: none came
ALTER TABLE attempt ADD COLUMN ack_time_us INTEGER;     -- NULL: none came
