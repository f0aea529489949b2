// SampleEvents: events of 300 bytes, made of the sample fleet of demo/.
#ifndef MQTTPUSH_BENCH_SAMPLE_EVENTS_H_
#define MQTTPUSH_BENCH_SAMPLE_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush::bench {

// The objects of the fleet that have at most 300 bytes, filled up with blanks,
// each under the owner id of the tenant that it is made for. Immutable.
class SampleEvents {
 public:
  static constexpr size_t kPayloadBytes = 300;

  // `path`: demo/fleet.jsonl.
  static absl::StatusOr<SampleEvents> Load(const std::string& path);

  // The payload of the event of that number, for tenants from 0.
  std::string Payload(int64_t number, int tenant) const;
  // The topic that kTopic makes of it.
  std::string Topic(int64_t number, int tenant) const;
  // The event, with number and present time as its event id.
  v1::Event Make(int64_t number, int tenant) const;

 private:
  struct Sample {
    v1::ObjectType object_type;
    std::string before;  // the owner id
    std::string after;
  };
  std::vector<Sample> samples_;
};

// Of all subscriptions.
inline constexpr char kTopic[] = "bench/{ownerId}/{objectType}";

std::string OwnerId(int tenant);

// When Make() made the event of this id.
absl::Time MadeAt(const std::string& event_id);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_SAMPLE_EVENTS_H_
