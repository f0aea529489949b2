#include "workers/supervisor/session_files.h"

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/logging.h"
#include "storage/compatibility.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kSuffix = ".session";
// What the worker appends while it writes a new version of its file.
constexpr absl::string_view kUnfinished = ".next";

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
  RemoveFile(PathOf(broker_uid));
  RemoveFile(absl::StrCat(PathOf(broker_uid), kUnfinished));
}

void SessionFiles::RemoveFile(const std::string& path) const {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (!error) return;
  Log::Error("session_file_not_removed",
             {{"path", path}, {"error", error.message()}});
}

void SessionFiles::RemoveExcept(
    const std::function<bool(int64_t broker_uid)>& keep) const {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename();
    absl::string_view number = name;
    const bool unfinished = absl::ConsumeSuffix(&number, kUnfinished);
    int64_t broker_uid = 0;
    if (absl::ConsumeSuffix(&number, kSuffix) &&
        absl::SimpleAtoi(number, &broker_uid) &&
        (unfinished || !keep(broker_uid))) {
      RemoveFile(entry.path());
    }
  }
  if (error) {
    Log::Error("session_files_not_listed",
               {{"folder", folder_}, {"error", error.message()}});
  }
}

}  // namespace mqttpush
