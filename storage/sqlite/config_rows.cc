#include "storage/sqlite/config_rows.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// A uid of 0 is NULL: the AUTOINCREMENT column then assigns one.
struct Uid {
  int64_t value;
};

template <typename Value>
void BindValue(int parameter, const Value& value, Statement* statement) {
  if constexpr (std::is_same_v<Value, std::optional<std::string>>) {
    value ? statement->Bind(parameter, *value) : statement->BindNull(parameter);
  } else if constexpr (std::is_same_v<Value, std::optional<Qos>>) {
    value ? statement->Bind(parameter, static_cast<int>(*value))
          : statement->BindNull(parameter);
  } else if constexpr (std::is_same_v<Value, std::optional<absl::Duration>>) {
    value ? statement->Bind(parameter, absl::ToInt64Seconds(*value))
          : statement->BindNull(parameter);
  } else if constexpr (std::is_same_v<Value, Uid>) {
    value.value != 0 ? statement->Bind(parameter, value.value)
                     : statement->BindNull(parameter);
  } else if constexpr (std::is_enum_v<Value>) {
    statement->Bind(parameter, static_cast<int>(value));
  } else if constexpr (std::is_same_v<Value, absl::Duration>) {
    statement->Bind(parameter, absl::ToInt64Seconds(value));
  } else {
    statement->Bind(parameter, value);
  }
}

// Runs a statement without rows. The values live in the caller's record.
template <typename... Values>
absl::Status Run(Database* db, absl::string_view sql, const Values&... values) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement statement, db->Prepare(sql));
  int parameter = 0;
  (BindValue(parameter++, values, &statement), ...);
  return statement.Run();
}

absl::Status ForEachRow(Database* db, absl::string_view sql,
                        absl::FunctionRef<void(const Statement&)> visit) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement statement, db->Prepare(sql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, statement.Step());
    if (!row) return absl::OkStatus();
    visit(statement);
  }
}

int64_t UidOf(int64_t uid, const Database& db) {
  return uid != 0 ? uid : db.LastInsertRowid();
}

// --- Tenants ---

constexpr absl::string_view kSelectTenants =
    "SELECT uid, id, display_name, paused, revision, create_time_us,"
    " update_time_us, history_retention_s, ingest_events_per_second,"
    " ingest_burst, max_waiting_events, max_waiting_bytes, outbox_policy"
    " FROM tenant ORDER BY uid";
constexpr absl::string_view kSelectOwnerIds =
    "SELECT tenant_uid, owner_id FROM owner_id ORDER BY tenant_uid, position";
constexpr absl::string_view kSelectLabels =
    "SELECT tenant_uid, key, value FROM tenant_label ORDER BY tenant_uid, key";
constexpr absl::string_view kPutTenant =
    "INSERT INTO tenant (uid, id, display_name, paused, revision,"
    " create_time_us, update_time_us, history_retention_s,"
    " ingest_events_per_second, ingest_burst, max_waiting_events,"
    " max_waiting_bytes, outbox_policy)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (uid) DO UPDATE SET display_name = excluded.display_name,"
    " paused = excluded.paused, revision = excluded.revision,"
    " update_time_us = excluded.update_time_us,"
    " history_retention_s = excluded.history_retention_s,"
    " ingest_events_per_second = excluded.ingest_events_per_second,"
    " ingest_burst = excluded.ingest_burst,"
    " max_waiting_events = excluded.max_waiting_events,"
    " max_waiting_bytes = excluded.max_waiting_bytes,"
    " outbox_policy = excluded.outbox_policy";

TenantRecord ReadTenant(const Statement& row) {
  TenantRecord tenant;
  tenant.uid = row.Int64(0);
  tenant.id = row.Text(1);
  tenant.display_name = row.Text(2);
  tenant.paused = row.Bool(3);
  tenant.revision = row.Int64(4);
  tenant.create_time = row.Time(5);
  tenant.update_time = row.Time(6);
  if (!row.IsNull(7)) tenant.history_retention = absl::Seconds(row.Int64(7));
  tenant.quota = {.ingest_events_per_second = row.Int64(8),
                  .ingest_burst = row.Int64(9),
                  .max_waiting_events = row.Int64(10),
                  .max_waiting_bytes = row.Int64(11),
                  .outbox_policy = static_cast<OutboxPolicy>(row.Int(12))};
  return tenant;
}

absl::Status LoadTenants(Database* db, ConfigSnapshot* snapshot) {
  std::map<int64_t, TenantRecord> tenants;
  MQTTPUSH_RETURN_IF_ERROR(ForEachRow(
      db, kSelectTenants,
      [&](const Statement& row) { tenants[row.Int64(0)] = ReadTenant(row); }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectOwnerIds, [&](const Statement& row) {
        tenants[row.Int64(0)].owner_ids.push_back(row.Text(1));
      }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectLabels, [&](const Statement& row) {
        tenants[row.Int64(0)].labels[row.Text(1)] = row.Text(2);
      }));
  for (auto& [uid, tenant] : tenants) snapshot->Put(std::move(tenant));
  return absl::OkStatus();
}

// --- Brokers ---

constexpr absl::string_view kSelectBrokers =
    "SELECT uid, tenant_uid, id, host, port, protocol_version, tls_enabled,"
    " tls_ca_certificates_pem, tls_server_name, tls_insecure_skip_verify,"
    " username, password, certificate_chain_pem, private_key_pem, client_id,"
    " keep_alive_s, session_expiry_s, max_in_flight, revision,"
    " create_time_us, update_time_us FROM broker ORDER BY uid";
constexpr absl::string_view kPutBroker =
    "INSERT INTO broker (uid, tenant_uid, id, host, port, protocol_version,"
    " tls_enabled, tls_ca_certificates_pem, tls_server_name,"
    " tls_insecure_skip_verify, username, password, certificate_chain_pem,"
    " private_key_pem, client_id, keep_alive_s, session_expiry_s,"
    " max_in_flight, revision, create_time_us, update_time_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (uid) DO UPDATE SET host = excluded.host,"
    " port = excluded.port, protocol_version = excluded.protocol_version,"
    " tls_enabled = excluded.tls_enabled,"
    " tls_ca_certificates_pem = excluded.tls_ca_certificates_pem,"
    " tls_server_name = excluded.tls_server_name,"
    " tls_insecure_skip_verify = excluded.tls_insecure_skip_verify,"
    " username = excluded.username, password = excluded.password,"
    " certificate_chain_pem = excluded.certificate_chain_pem,"
    " private_key_pem = excluded.private_key_pem,"
    " client_id = excluded.client_id, keep_alive_s = excluded.keep_alive_s,"
    " session_expiry_s = excluded.session_expiry_s,"
    " max_in_flight = excluded.max_in_flight, revision = excluded.revision,"
    " update_time_us = excluded.update_time_us";

BrokerRecord ReadBroker(const Statement& row) {
  BrokerRecord broker;
  broker.uid = row.Int64(0);
  broker.tenant_uid = row.Int64(1);
  broker.id = row.Text(2);
  broker.host = row.Text(3);
  broker.port = row.Int(4);
  broker.protocol_version = static_cast<ProtocolVersion>(row.Int(5));
  broker.tls_enabled = row.Bool(6);
  broker.tls_ca_certificates_pem = row.Text(7);
  broker.tls_server_name = row.Text(8);
  broker.tls_insecure_skip_verify = row.Bool(9);
  broker.username = row.Text(10);
  broker.password = row.Text(11);
  broker.certificate_chain_pem = row.Text(12);
  broker.private_key_pem = row.Text(13);
  broker.client_id = row.Text(14);
  broker.keep_alive = absl::Seconds(row.Int64(15));
  broker.session_expiry = absl::Seconds(row.Int64(16));
  broker.max_in_flight = row.Int(17);
  broker.revision = row.Int64(18);
  broker.create_time = row.Time(19);
  broker.update_time = row.Time(20);
  return broker;
}

// --- Subscriptions ---

constexpr absl::string_view kSelectSubscriptions =
    "SELECT uid, tenant_uid, id, broker_uid, topic, qos, retain,"
    " event_id_field, paused, revision, create_time_us, update_time_us,"
    " disabled, event_lifetime_s FROM subscription ORDER BY uid";
constexpr absl::string_view kSelectObjectTypes =
    "SELECT subscription_uid, object_type FROM subscription_object_type"
    " ORDER BY subscription_uid, position";
constexpr absl::string_view kSelectOverrides =
    "SELECT subscription_uid, object_type, topic, qos FROM topic_override"
    " ORDER BY subscription_uid, position";
constexpr absl::string_view kPutSubscription =
    "INSERT INTO subscription (uid, tenant_uid, id, broker_uid, topic, qos,"
    " retain, event_id_field, paused, revision, create_time_us,"
    " update_time_us, disabled, event_lifetime_s)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (uid) DO UPDATE SET broker_uid = excluded.broker_uid,"
    " topic = excluded.topic, qos = excluded.qos, retain = excluded.retain,"
    " event_id_field = excluded.event_id_field, paused = excluded.paused,"
    " revision = excluded.revision, update_time_us = excluded.update_time_us,"
    " disabled = excluded.disabled,"
    " event_lifetime_s = excluded.event_lifetime_s";

SubscriptionRecord ReadSubscription(const Statement& row) {
  SubscriptionRecord subscription;
  subscription.uid = row.Int64(0);
  subscription.tenant_uid = row.Int64(1);
  subscription.id = row.Text(2);
  subscription.broker_uid = row.Int64(3);
  subscription.topic = row.Text(4);
  subscription.qos = static_cast<Qos>(row.Int(5));
  subscription.retain = row.Bool(6);
  if (!row.IsNull(7)) subscription.event_id_field = row.Text(7);
  subscription.paused = row.Bool(8);
  subscription.revision = row.Int64(9);
  subscription.create_time = row.Time(10);
  subscription.update_time = row.Time(11);
  subscription.disabled = row.Bool(12);
  if (!row.IsNull(13)) {
    subscription.event_lifetime = absl::Seconds(row.Int64(13));
  }
  return subscription;
}

TopicOverride ReadOverride(const Statement& row) {
  TopicOverride topic_override;
  topic_override.object_type = static_cast<ObjectType>(row.Int(1));
  topic_override.topic = row.Text(2);
  if (!row.IsNull(3)) topic_override.qos = static_cast<Qos>(row.Int(3));
  return topic_override;
}

absl::Status LoadSubscriptions(Database* db, ConfigSnapshot* snapshot) {
  std::map<int64_t, SubscriptionRecord> subscriptions;
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectSubscriptions, [&](const Statement& row) {
        subscriptions[row.Int64(0)] = ReadSubscription(row);
      }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectObjectTypes, [&](const Statement& row) {
        subscriptions[row.Int64(0)].object_types.push_back(
            static_cast<ObjectType>(row.Int(1)));
      }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectOverrides, [&](const Statement& row) {
        subscriptions[row.Int64(0)].topic_overrides.push_back(
            ReadOverride(row));
      }));
  for (auto& [uid, subscription] : subscriptions) {
    snapshot->Put(std::move(subscription));
  }
  return absl::OkStatus();
}

absl::Status PutObjectTypes(const SubscriptionRecord& subscription, int64_t uid,
                            Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, "DELETE FROM subscription_object_type WHERE subscription_uid = ?",
          uid));
  int position = 0;
  for (ObjectType type : subscription.object_types) {
    MQTTPUSH_RETURN_IF_ERROR(
        Run(db,
            "INSERT INTO subscription_object_type (tenant_uid,"
            " subscription_uid, position, object_type) VALUES (?, ?, ?, ?)",
            subscription.tenant_uid, uid, position++, type));
  }
  return absl::OkStatus();
}

absl::Status PutOverrides(const SubscriptionRecord& subscription, int64_t uid,
                          Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, "DELETE FROM topic_override WHERE subscription_uid = ?", uid));
  int position = 0;
  for (const TopicOverride& topic_override : subscription.topic_overrides) {
    MQTTPUSH_RETURN_IF_ERROR(Run(
        db,
        "INSERT INTO topic_override (tenant_uid, subscription_uid,"
        " position, object_type, topic, qos) VALUES (?, ?, ?, ?, ?, ?)",
        subscription.tenant_uid, uid, position++, topic_override.object_type,
        topic_override.topic, topic_override.qos));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConfigSnapshot> LoadConfig(Database* db) {
  ConfigSnapshot snapshot;
  MQTTPUSH_RETURN_IF_ERROR(LoadTenants(db, &snapshot));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectBrokers,
                 [&](const Statement& row) { snapshot.Put(ReadBroker(row)); }));
  MQTTPUSH_RETURN_IF_ERROR(LoadSubscriptions(db, &snapshot));
  return snapshot;
}

absl::StatusOr<int64_t> PutTenant(const TenantRecord& tenant, Database* db) {
  const TenantQuota& quota = tenant.quota;
  MQTTPUSH_RETURN_IF_ERROR(Run(
      db, kPutTenant, Uid{tenant.uid}, tenant.id, tenant.display_name,
      tenant.paused, tenant.revision, tenant.create_time, tenant.update_time,
      tenant.history_retention, quota.ingest_events_per_second,
      quota.ingest_burst, quota.max_waiting_events, quota.max_waiting_bytes,
      quota.outbox_policy));
  const int64_t uid = UidOf(tenant.uid, *db);
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, "DELETE FROM owner_id WHERE tenant_uid = ?", uid));
  int position = 0;
  for (const std::string& owner_id : tenant.owner_ids) {
    MQTTPUSH_RETURN_IF_ERROR(
        Run(db,
            "INSERT INTO owner_id (owner_id, tenant_uid, position)"
            " VALUES (?, ?, ?)",
            owner_id, uid, position++));
  }
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, "DELETE FROM tenant_label WHERE tenant_uid = ?", uid));
  for (const auto& [key, value] : tenant.labels) {
    MQTTPUSH_RETURN_IF_ERROR(
        Run(db,
            "INSERT INTO tenant_label (tenant_uid, key, value)"
            " VALUES (?, ?, ?)",
            uid, key, value));
  }
  return uid;
}

absl::StatusOr<int64_t> PutBroker(const BrokerRecord& broker, Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(Run(
      db, kPutBroker, Uid{broker.uid}, broker.tenant_uid, broker.id,
      broker.host, broker.port, broker.protocol_version, broker.tls_enabled,
      broker.tls_ca_certificates_pem, broker.tls_server_name,
      broker.tls_insecure_skip_verify, broker.username, broker.password,
      broker.certificate_chain_pem, broker.private_key_pem, broker.client_id,
      broker.keep_alive, broker.session_expiry, broker.max_in_flight,
      broker.revision, broker.create_time, broker.update_time));
  return UidOf(broker.uid, *db);
}

absl::StatusOr<int64_t> PutSubscription(const SubscriptionRecord& subscription,
                                        Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, kPutSubscription, Uid{subscription.uid}, subscription.tenant_uid,
          subscription.id, subscription.broker_uid, subscription.topic,
          subscription.qos, subscription.retain, subscription.event_id_field,
          subscription.paused, subscription.revision, subscription.create_time,
          subscription.update_time, subscription.disabled,
          subscription.event_lifetime));
  const int64_t uid = UidOf(subscription.uid, *db);
  MQTTPUSH_RETURN_IF_ERROR(PutObjectTypes(subscription, uid, db));
  MQTTPUSH_RETURN_IF_ERROR(PutOverrides(subscription, uid, db));
  return uid;
}

absl::Status DeleteTenant(int64_t uid, Database* db) {
  return Run(db, "DELETE FROM tenant WHERE uid = ?", uid);
}

absl::Status DeleteChildren(int64_t tenant_uid, Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(
      Run(db, "DELETE FROM subscription WHERE tenant_uid = ?", tenant_uid));
  return Run(db, "DELETE FROM broker WHERE tenant_uid = ?", tenant_uid);
}

absl::Status DeleteBroker(int64_t uid, Database* db) {
  return Run(db, "DELETE FROM broker WHERE uid = ?", uid);
}

absl::Status DeleteSubscription(int64_t uid, Database* db) {
  return Run(db, "DELETE FROM subscription WHERE uid = ?", uid);
}

}  // namespace mqttpush
