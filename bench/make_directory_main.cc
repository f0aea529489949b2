// Makes a data directory with a log of so many events and attempts, to time
// --check, --backup and --restore on (docs/operations.md):
//
//   mqttpush-bench-directory DIR EVENTS
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/log_load.h"
#include "bench/sample_events.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "storage/sqlite/data_directory.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/sqlite_config_store.h"

namespace mqttpush::bench {
namespace {

template <typename Record>
absl::Status Create(SqliteConfigStore& store, const Record& record) {
  return store
      .Apply([&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
        return ConfigChange{record};
      })
      .status();
}

// With the uids that LogLoad writes.
absl::Status CreateTenants(SqliteConfigStore& store) {
  for (int64_t uid = 1; uid <= LogLoad::kTenants; ++uid) {
    const std::string id = absl::StrCat("tenant-", uid);
    MQTTPUSH_RETURN_IF_ERROR(Create(
        store,
        TenantRecord{.id = id,
                     .owner_ids = {OwnerId(static_cast<int>(uid) - 1)}}));
    MQTTPUSH_RETURN_IF_ERROR(Create(store, BrokerRecord{.tenant_uid = uid,
                                                        .id = "main",
                                                        .host = "localhost",
                                                        .client_id = id}));
    MQTTPUSH_RETURN_IF_ERROR(
        Create(store, SubscriptionRecord{.tenant_uid = uid,
                                         .broker_uid = uid,
                                         .id = "events",
                                         .topic = kTopic}));
  }
  return absl::OkStatus();
}

absl::Status Make(const std::string& path, int64_t events) {
  MQTTPUSH_ASSIGN_OR_RETURN(const SampleEvents samples,
                            SampleEvents::Load(MQTTPUSH_DEMO_FLEET));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto directory, DataDirectory::Open(path));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto store,
                            SqliteConfigStore::Open(directory->config_path()));
  MQTTPUSH_RETURN_IF_ERROR(CreateTenants(*store));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const auto log,
      SqliteEventLog::Open(directory->log_path(), Clock::Real()));
  LogLoad load(samples, *log, [] { return false; });
  MQTTPUSH_RETURN_IF_ERROR(load.GrowTo(events));
  MQTTPUSH_RETURN_IF_ERROR(load.Flush());
  log->WaitUntilSealed();
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  int64_t events = 0;
  if (arguments.size() != 2 || !absl::SimpleAtoi(arguments[1], &events)) {
    std::cerr << "mqttpush-bench-directory DIR EVENTS\n";
    return 2;
  }
  const absl::Status made = Make(arguments[0], events);
  if (made.ok()) return 0;
  std::cerr << made << "\n";
  return 1;
}

}  // namespace
}  // namespace mqttpush::bench

int main(int argc, char** argv) {
  return mqttpush::bench::Main({argv + 1, argv + argc});
}
