-- What an expired delivery waited for. 0: not known, or not expired.

ALTER TABLE delivery_exception
  ADD COLUMN lifetime_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery_exception
  ADD COLUMN wait_cause INTEGER NOT NULL DEFAULT 0;  -- WaitCause
