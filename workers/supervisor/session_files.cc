#include "workers/supervisor/session_files.h"

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/logging.h"
#include "workers/dispatch/compatibility.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kSuffix = ".session";

}  // namespace

bool NeedsSession(const ConfigSnapshot& snapshot, int64_t broker_uid) {
  const BrokerRecord* broker = snapshot.FindBroker(broker_uid);
  if (broker == nullptr) return false;
  for (const auto* subscription :
       snapshot.SubscriptionsOf(broker->tenant_uid)) {
    if (subscription->broker_uid == broker_uid &&
        NamesExactlyOnce(*subscription)) {
      return true;
    }
  }
  return false;
}

std::string SessionFiles::PathOf(int64_t broker_uid) const {
  return absl::StrCat(folder_, "/", broker_uid, kSuffix);
}

void SessionFiles::Remove(int64_t broker_uid) const {
  std::error_code error;
  std::filesystem::remove(PathOf(broker_uid), error);
  if (!error) return;
  Log::Error("session_file_not_removed",
             {{"path", PathOf(broker_uid)}, {"error", error.message()}});
}

void SessionFiles::RemoveExcept(
    const std::function<bool(int64_t broker_uid)>& keep) const {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename();
    absl::string_view number = name;
    int64_t broker_uid = 0;
    if (absl::ConsumeSuffix(&number, kSuffix) &&
        absl::SimpleAtoi(number, &broker_uid) && !keep(broker_uid)) {
      Remove(broker_uid);
    }
  }
  if (error) {
    Log::Error("session_files_not_listed",
               {{"folder", folder_}, {"error", error.message()}});
  }
}

}  // namespace mqttpush
