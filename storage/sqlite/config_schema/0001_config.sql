-- The configuration (config.db). Times are microseconds since the Unix epoch,
-- UTC. Enumerations hold the numbers of storage/records.h.
--
-- AUTOINCREMENT: a uid is never used again, so that a resource created under
-- the name of a deleted one does not inherit its past.
--
-- broker.password and broker.private_key_pem are secrets. They lie here as they
-- are, protected by the file's mode (0600); to seal them is a later migration.

CREATE TABLE tenant (
  uid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 63),
  display_name TEXT NOT NULL,
  paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  create_time_us INTEGER NOT NULL,
  update_time_us INTEGER NOT NULL
) STRICT;

-- An owner id belongs to at most one tenant: the key says so.
CREATE TABLE owner_id (
  owner_id TEXT NOT NULL PRIMARY KEY CHECK (owner_id != ''),
  tenant_uid INTEGER NOT NULL REFERENCES tenant (uid) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  UNIQUE (tenant_uid, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_label (
  tenant_uid INTEGER NOT NULL REFERENCES tenant (uid) ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key != ''),
  value TEXT NOT NULL,
  PRIMARY KEY (tenant_uid, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE broker (
  uid INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_uid INTEGER NOT NULL REFERENCES tenant (uid),
  id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 63),
  host TEXT NOT NULL CHECK (host != ''),
  port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  protocol_version INTEGER NOT NULL CHECK (protocol_version IN (4, 5)),
  tls_enabled INTEGER NOT NULL CHECK (tls_enabled IN (0, 1)),
  tls_ca_certificates_pem TEXT NOT NULL,
  tls_server_name TEXT NOT NULL,
  tls_insecure_skip_verify INTEGER NOT NULL
    CHECK (tls_insecure_skip_verify IN (0, 1)),
  username TEXT NOT NULL,               -- '': none
  password TEXT NOT NULL,               -- secret; '': none
  certificate_chain_pem TEXT NOT NULL,  -- '': none
  private_key_pem TEXT NOT NULL,        -- secret; '': none
  client_id TEXT NOT NULL CHECK (client_id != ''),
  keep_alive_s INTEGER NOT NULL CHECK (keep_alive_s BETWEEN 5 AND 1160),
  session_expiry_s INTEGER NOT NULL CHECK (session_expiry_s >= 0),
  max_in_flight INTEGER NOT NULL CHECK (max_in_flight BETWEEN 1 AND 100),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  create_time_us INTEGER NOT NULL,
  update_time_us INTEGER NOT NULL,
  UNIQUE (tenant_uid, id),
  CHECK (password = '' OR username != ''),
  CHECK ((certificate_chain_pem = '') = (private_key_pem = '')),
  CHECK (certificate_chain_pem = '' OR tls_enabled = 1)
) STRICT;

CREATE TABLE subscription (
  uid INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_uid INTEGER NOT NULL REFERENCES tenant (uid),
  id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 63),
  broker_uid INTEGER NOT NULL REFERENCES broker (uid),
  topic TEXT NOT NULL CHECK (topic != ''),
  qos INTEGER NOT NULL CHECK (qos BETWEEN 0 AND 2),
  retain INTEGER NOT NULL CHECK (retain IN (0, 1)),
  event_id_field TEXT,                  -- NULL: as the deployment says
  paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  create_time_us INTEGER NOT NULL,
  update_time_us INTEGER NOT NULL,
  UNIQUE (tenant_uid, id)
) STRICT;
CREATE INDEX subscription_by_broker ON subscription (broker_uid);

-- None of a subscription: it takes all types.
CREATE TABLE subscription_object_type (
  tenant_uid INTEGER NOT NULL,
  subscription_uid INTEGER NOT NULL
    REFERENCES subscription (uid) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  object_type INTEGER NOT NULL CHECK (object_type BETWEEN 1 AND 6),
  PRIMARY KEY (subscription_uid, position),
  UNIQUE (subscription_uid, object_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE topic_override (
  tenant_uid INTEGER NOT NULL,
  subscription_uid INTEGER NOT NULL
    REFERENCES subscription (uid) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  object_type INTEGER NOT NULL CHECK (object_type BETWEEN 1 AND 6),
  topic TEXT NOT NULL,                  -- '': the subscription's
  qos INTEGER CHECK (qos BETWEEN 0 AND 2),  -- NULL: the subscription's
  PRIMARY KEY (subscription_uid, position),
  UNIQUE (subscription_uid, object_type)
) STRICT, WITHOUT ROWID;
