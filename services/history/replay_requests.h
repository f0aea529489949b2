// Parsing and validation of the requests about replays.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_REQUESTS_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_REQUESTS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/history_service.pb.h"
#include "storage/config_snapshot.h"
#include "storage/replay_store.h"

namespace mqttpush {

// Errors: INVALID_ARGUMENT with all violations; NOT_FOUND for an unknown tenant
// or replay.

// The replay to be made, with `now` as its create time, which the log has to
// the microsecond.
absl::StatusOr<ReplayRecord> ParseReplayDeliveries(
    const v1::ReplayDeliveriesRequest& request, const ConfigSnapshot& snapshot,
    absl::Time now);

struct ReplayKey {
  const TenantRecord* tenant = nullptr;  // of the snapshot
  int64_t uid = 0;
};
absl::StatusOr<ReplayKey> ParseReplayKey(const std::string& name,
                                         const ConfigSnapshot& snapshot);

struct ListReplaysQuery {
  const TenantRecord* tenant = nullptr;
  int64_t before = 0;  // uid
  int page_size = 0;
};
absl::StatusOr<ListReplaysQuery> ParseListReplays(
    const v1::ListReplaysRequest& request, const ConfigSnapshot& snapshot);
// Of the page that begins with `first_uid`.
std::string ReplayPageToken(const v1::ListReplaysRequest& request,
                            int64_t first_uid);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_REQUESTS_H_
