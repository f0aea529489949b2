// The plain structs that storage keeps and the layers above exchange. One
// struct per word of the glossary in ARCHITECTURE.md; generated protos do not
// come below services/.
//
// `uid`s are assigned by storage, from 1, and never used again, so that a
// resource created under the name of a deleted one does not inherit its past.
#ifndef MQTTPUSH_STORAGE_RECORDS_H_
#define MQTTPUSH_STORAGE_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush {

// Stored as numbers: do not change the values of existing entries.
enum class ObjectType {
  kAsset = 1,
  kLocation = 2,
  kSensorData = 3,
  kReeferData = 4,
  kGensetData = 5,
  kGtoemData = 6,
};

// The {objectType} of topics: "asset", "location", "sensordata", "reeferdata",
// "gensetdata", "gtoemdata".
absl::string_view ObjectTypeName(ObjectType type);

// Stored as numbers; the MQTT QoS.
enum class Qos { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// The MQTT protocol level of CONNECT.
enum class ProtocolVersion { kMqtt311 = 4, kMqtt5 = 5 };

// Stored as numbers. What becomes of new events while the outbox is full.
enum class OutboxPolicy { kDefault = 0, kRefuseNew = 1, kDropOldest = 2 };

// What a tenant may use. 0: as the deployment says (storage/tenant_quota.h).
struct TenantQuota {
  int64_t ingest_events_per_second = 0;
  int64_t ingest_burst = 0;
  int64_t max_waiting_events = 0;
  int64_t max_waiting_bytes = 0;
  OutboxPolicy outbox_policy = OutboxPolicy::kDefault;
  bool operator==(const TenantQuota&) const = default;
};

struct TenantRecord {
  int64_t uid = 0;
  std::string id;  // the {tenant} of "tenants/{tenant}"
  std::string display_name;
  std::vector<std::string> owner_ids;
  std::map<std::string, std::string> labels;
  bool paused = false;
  // How long its history is shown. Absent: as long as it is kept.
  std::optional<absl::Duration> history_retention;
  TenantQuota quota;
  int64_t revision = 1;  // +1 with every change
  absl::Time create_time;
  absl::Time update_time;
  bool operator==(const TenantRecord&) const = default;
};

struct BrokerRecord {
  int64_t uid = 0;
  int64_t tenant_uid = 0;
  std::string id;  // the {broker} of "tenants/{tenant}/brokers/{broker}"
  std::string host;
  int port = 1883;
  ProtocolVersion protocol_version = ProtocolVersion::kMqtt311;
  bool tls_enabled = false;
  std::string tls_ca_certificates_pem;
  std::string tls_server_name;
  bool tls_insecure_skip_verify = false;
  std::string username;               // empty: none
  std::string password;               // secret
  std::string certificate_chain_pem;  // empty: none
  std::string private_key_pem;        // secret
  std::string client_id;
  absl::Duration keep_alive = absl::Seconds(60);
  absl::Duration session_expiry = absl::Hours(1);
  int max_in_flight = 100;
  int64_t revision = 1;
  absl::Time create_time;
  absl::Time update_time;
  bool operator==(const BrokerRecord&) const = default;
};

struct TopicOverride {
  ObjectType object_type = ObjectType::kAsset;
  std::string topic;       // template; empty: the subscription's
  std::optional<Qos> qos;  // absent: the subscription's
  bool operator==(const TopicOverride&) const = default;
};

struct SubscriptionRecord {
  int64_t uid = 0;
  int64_t tenant_uid = 0;
  int64_t broker_uid = 0;
  std::string id;                        // the {subscription} of its name
  std::vector<ObjectType> object_types;  // empty: all
  std::string topic;                     // template
  std::vector<TopicOverride> topic_overrides;
  Qos qos = Qos::kAtLeastOnce;
  bool retain = false;
  // Absent: as the deployment says. Empty: no event id.
  std::optional<std::string> event_id_field;
  // How long after its acceptance an event may still be sent. Absent: for ever
  // at QoS 1 and 2, as long as the deployment says at QoS 0.
  std::optional<absl::Duration> event_lifetime;
  bool paused = false;
  bool disabled = false;  // its events are DISCARDED
  int64_t revision = 1;
  absl::Time create_time;
  absl::Time update_time;
  bool operator==(const SubscriptionRecord&) const = default;
};

// One accepted object. Immutable.
struct EventRecord {
  int64_t seq = 0;  // position in the log: ingest order, from 1, without reuse
  int64_t tenant_uid = 0;
  std::string event_id;
  ObjectType object_type = ObjectType::kAsset;
  std::string object_id;
  std::string asset_id;
  std::string owner_id;
  absl::Time accept_time;
  // The subscriptions that took the event when it was accepted.
  std::vector<int64_t> subscription_uids;
  int64_t payload_bytes = 0;
  std::string payload;  // byte for byte as received; not always read
};

// Stored as numbers; Attempt.ErrorClass of the API.
enum class ErrorClass {
  kNone = 0,
  kRejected = 1,
  kLinkLost = 2,
  kAckTimeout = 3,
  kWorkerLost = 4,
  kServiceLost = 5,
  kTopicInvalid = 6,
  kClientError = 7,
  kLinkCut = 8,  // the broker ends the connection on this very message
};

// What the log adds to an attempt as it records it.
struct AttemptRecording {
  // When, in units of 100 ns since the Unix epoch: later than any attempt
  // before it, whatever the clock did.
  int64_t ticks = 0;
  bool ended_delivery = false;  // whichever way
  // When the delivery was then to be tried again; InfinitePast: as soon as its
  // link allows, or not at all.
  absl::Time next_attempt_time = absl::InfinitePast();
};

// One try at a delivery over the wire. Immutable once written.
struct AttemptRecord {
  int64_t event_seq = 0;
  int64_t subscription_uid = 0;
  int number = 1;       // within the delivery, from 1
  bool manual = false;  // because a person asked for it
  absl::Time start_time;
  absl::Duration duration;
  std::string topic;                     // as sent
  Qos qos = Qos::kAtMostOnce;            // as sent
  Qos requested_qos = Qos::kAtMostOnce;  // as the subscription asks now
  bool succeeded = false;
  ErrorClass error_class = ErrorClass::kNone;
  std::string error_message;
  int reason_code = 0;
  std::string reason_string;  // the broker's words; empty when it gave none
  // A promise that could not be kept, and why; empty when all were.
  std::string warning;
  int packet_id = 0;
  bool duplicate_flag = false;
  bool session_present = false;
  std::string broker_address;
  int64_t connection = 0;  // of the worker process, from 1; 0: not known
  absl::Time pubrec_time = absl::InfinitePast();  // InfinitePast: none came
  absl::Time ack_time = absl::InfinitePast();     // of PUBACK or PUBCOMP
  int64_t subscription_revision = 0;
  int64_t broker_revision = 0;
  AttemptRecording recording;  // of what is read
};

// Stored as numbers. The states of a delivery. IN_FLIGHT is known to dispatch
// only, the others follow from the log.
enum class DeliveryState {
  kWaiting = 1,
  kInFlight = 2,
  kDelivered = 3,
  kRetrying = 4,
  kParked = 5,
  kExpired = 6,
  kDiscarded = 7,
};

// Not WAITING, IN_FLIGHT or RETRYING.
bool HasEnded(DeliveryState state);

// Stored as numbers. Why a delivery ended without an attempt that says it.
enum class EndReason {
  kNone = 0,                  // see its last attempt
  kLifetimeOver = 1,          // EXPIRED
  kSubscriptionDisabled = 2,  // DISCARDED
  kSubscriptionDeleted = 3,   // DISCARDED
  kEventLost = 4,             // DISCARDED: with a damaged segment of the log
  kOutboxFull = 5,            // EXPIRED: the quota says that the oldest goes
};

// Stored as numbers. What an event waits for. Up to kPaused these are the
// LinkStates of its broker (common/delivery_status.h).
enum class WaitCause {
  kUnknown = 0,
  kConnecting = 1,
  kConnected = 2,  // for its turn
  kBackingOff = 3,
  kRefused = 4,
  kStalled = 5,
  kPaused = 6,        // the subscription, or the tenant
  kIncompatible = 7,  // the subscription asks for what the broker has not
};

// How a delivery ended that is not sent any more.
struct Ending {
  EndReason reason = EndReason::kNone;
  // Of kLifetimeOver only, and of others the defaults:
  absl::Duration lifetime;  // that was over; zero: not known
  WaitCause wait_cause = WaitCause::kUnknown;
  bool operator==(const Ending&) const = default;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_RECORDS_H_
