// Every limit of the product, with its reason.
#ifndef MQTTPUSH_COMMON_LIMITS_H_
#define MQTTPUSH_COMMON_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace mqttpush::limits {

// gRPC's default message size; a batch is one message.
inline constexpr int kMaxRequestBytes = 4 << 20;
inline constexpr int kMaxEventsPerBatch = 1000;
// Per StreamEvents stream: enough to keep the log busy during a commit; bounds
// the memory of a stream to so many requests.
inline constexpr int kMaxUnansweredBatches = 8;
// Brokers commonly take 128 KiB (AWS IoT) to 512 KiB; Paho stalls from 1 MB.
inline constexpr size_t kMaxPayloadBytes = 256 << 10;
// Deep enough for any telematics object; bounds the parser's stack.
inline constexpr int kMaxJsonDepth = 32;
inline constexpr size_t kMaxEventIdBytes = 128;
inline constexpr size_t kMaxOwnerIdBytes = 128;
inline constexpr size_t kMaxOwnerIdsPerTenant = 1000;
// MQTT 3.1.1 and 5, section 1.5: UTF-8 strings carry a two-byte length.
inline constexpr size_t kMaxTopicBytes = 65535;

// Beyond what quotas may say of a tenant (storage/tenant_quota.h).
inline constexpr int64_t kMaxIngestRate = 1'000'000;   // events per second
inline constexpr int64_t kMaxIngestBurst = 1'000'000;  // events
inline constexpr int64_t kMaxOutboxEvents = 1'000'000'000;
inline constexpr int64_t kMaxOutboxBytes = int64_t{1} << 40;

inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;

// ProbeBroker calls at once: each is a process.
inline constexpr int kMaxProbes = 8;
// Of one probe.
inline constexpr int kMaxProbePublications = 50;
inline constexpr size_t kMaxProbePayloadBytes = 64 << 10;

// StreamAttempts calls at once. Each may hold a response of some 400 KiB, and
// wakes the history's threads with each commit of its tenant.
inline constexpr int kMaxAttemptStreams = 64;
// In one response: enough to read a log at full speed.
inline constexpr int kMaxAttemptsPerResponse = 100;

// Replays. Of a tenant: running at once, and remembered with those that ended.
inline constexpr int kMaxRunningReplays = 4;
inline constexpr int kMaxKeptReplays = 100;
// Deliveries per second of one: what dispatch takes in beside live traffic.
inline constexpr int kDefaultReplayRate = 100;
inline constexpr int kMaxReplayRate = 1000;
// Deliveries that are requested together: they are looked up one after the
// other by the thread that pushes, which takes it some 15 us each.
inline constexpr int kMaxReplayBatch = 20;
// WatchReplay calls at once; each costs little more than its connection.
inline constexpr int kMaxReplayWatches = 64;

// Of GetDeliveryStats: a response of some 800 KiB at the most, made of at most
// as many rows as a year has hours, for each subscription, object type and
// topic.
inline constexpr int kMaxStatsBuckets = 1000;
inline constexpr int kMaxStatsDays = 366;
// Of them, topics that are counted for themselves: in an hour of a subscription
// and segment of the log, which bounds what is written, and in a response.
// Longer ones are not.
inline constexpr size_t kMaxStatsTopicsPerHour = 50;
inline constexpr size_t kMaxStatsTopics = 100;
inline constexpr size_t kMaxStatsTopicBytes = 1024;

// Paho's cost per message grows with what is in flight (best from 10 to 100).
inline constexpr int kMaxInFlight = 100;
// With one of QoS 2 among them: mosquitto drops silently beyond it
// (max_inflight_messages, MQTT 3.1.1).
inline constexpr int kMaxInFlightQos2Mqtt311 = 20;
// More would come near the socket's send buffer, where Paho 1.3.12 can crash.
inline constexpr size_t kMaxInFlightBytes = 256 << 10;
// Payloads with one worker, besides the credit that counts messages: bounds the
// memory of both ends where payloads are large.
inline constexpr size_t kMaxOutstandingBytes = 4 << 20;

// Stored texts of other systems (broker reason strings, library errors).
inline constexpr size_t kMaxErrorMessageBytes = 1024;

}  // namespace mqttpush::limits

#endif  // MQTTPUSH_COMMON_LIMITS_H_
