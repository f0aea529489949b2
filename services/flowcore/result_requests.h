// What the routes of the delivery results are asked for, out of their queries.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_REQUESTS_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_REQUESTS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/http/http_query.h"

namespace mqttpush {

// Hours are since the Unix epoch, ticks as in storage/attempt_journal.h.
struct TimeBucketsRequest {
  std::vector<std::string> event_types;  // names or ids; not empty
  int64_t first_hour = 0;
  int64_t last_hour = 0;
  bool newest_first = false;
  int page_size = 0;
};

struct EventsRequest {
  std::vector<std::string> event_types;
  int64_t hour = 0;
  // From the first tick that is meant. Before the hour when `afterEventId` is:
  // see result_pages.h.
  int64_t first_tick = 0;
  int64_t last_tick = 0;
  // The attempt_seq behind which it goes on; first_tick does not count then.
  std::optional<int64_t> cursor;
  bool newest_first = false;
  int page_size = 0;
};

// INVALID_ARGUMENT names every parameter that is wrong, and its rule.
absl::StatusOr<TimeBucketsRequest> ParseTimeBuckets(const HttpQuery& query);
absl::StatusOr<EventsRequest> ParseEvents(const HttpQuery& query);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_REQUESTS_H_
