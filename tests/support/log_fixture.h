// Helpers to write into an EventLog and wait until it is on disk.
#ifndef MQTTPUSH_TESTS_SUPPORT_LOG_FIXTURE_H_
#define MQTTPUSH_TESTS_SUPPORT_LOG_FIXTURE_H_

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/event_log.h"

namespace mqttpush {

inline std::shared_ptr<const Route> MakeRoute(
    const std::vector<int64_t>& subscription_uids) {
  Route route;
  for (int64_t uid : subscription_uids) {
    route.push_back({uid, "sub-" + std::to_string(uid)});
  }
  return std::make_shared<const Route>(std::move(route));
}

// A valid event of tenant 1 for `subscription_uids`.
inline NewEvent MakeEvent(const std::string& event_id,
                          const std::vector<int64_t>& subscription_uids) {
  return {.tenant_uid = 1,
          .event_id = event_id,
          .object_type = ObjectType::kLocation,
          .object_id = "12345",
          .asset_id = "asset-1",
          .owner_id = "owner-1",
          .payload = "{\"id\":\"" + event_id + "\"}",
          .route = MakeRoute(subscription_uids)};
}

inline absl::StatusOr<std::vector<AppendOutcome>> AppendAndWait(
    EventLog& log, std::vector<NewEvent> events) {
  std::promise<absl::StatusOr<std::vector<AppendOutcome>>> done;
  log.Append(std::move(events),
             [&](auto outcomes) { done.set_value(std::move(outcomes)); });
  return done.get_future().get();
}

inline absl::Status CommitAndWait(EventLog& log,
                                  std::vector<DeliveryUpdate> updates) {
  std::promise<absl::Status> done;
  log.Commit(std::move(updates),
             [&](absl::Status status) { done.set_value(status); });
  return done.get_future().get();
}

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_LOG_FIXTURE_H_
