#include "storage/sqlite/log/directory_check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "storage/sqlite/config_rows.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/sqlite_config_store.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;

constexpr char kConfigFile[] = "config.db";
constexpr char kNotRead[] =
    "the service does not start on it, or without what is damaged";

constexpr char kSequencesSql[] = "SELECT name, seq FROM sqlite_sequence";
constexpr char kForeignKeysSql[] = "PRAGMA foreign_key_check";

int64_t SizeOf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return FileSize(path);
  int64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    bytes += entry.is_regular_file(error) ? FileSize(entry.path()) : 0;
  }
  return bytes;
}

std::vector<std::string> NamesIn(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class DirectoryChecker {
 public:
  DirectoryChecker(const std::string& path, const DirectoryUse& use)
      : path_(path) {
    check_.use = use;
  }

  // The log first: what it names is then in the configuration, or was.
  absl::StatusOr<DirectoryCheck> Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(check_.log, CheckLog(path_ + "/log", check_.use));
    CheckConfig();
    CheckLegacyLog();
    ListFiles();
    return std::move(check_);
  }

 private:
  void Find(std::string what, std::string follows) {
    check_.findings.push_back(
        {kConfigFile, std::move(what), std::move(follows)});
  }

  void CheckConfig() {
    const std::string path = path_ + "/" + kConfigFile;
    check_.config_bytes = FileSize(path) + FileSize(path + "-wal");
    auto db = OpenFromOutside(path, check_.use);
    if (absl::IsNotFound(db.status())) {
      if (check_.log.segments.empty()) return;
      return Find("is missing, and there is a log",
                  "no tenant is known; the service would begin with none");
    }
    check_.has_config = true;
    absl::Status status = db.status();
    if (status.ok()) status = ReadConfig(*db);
    if (!status.ok()) Find(std::string(status.message()), kNotRead);
  }

  absl::Status ReadConfig(Database& db) {
    MQTTPUSH_RETURN_IF_ERROR(db.Execute("BEGIN"));
    MQTTPUSH_ASSIGN_OR_RETURN(check_.config_version,
                              db.QueryInt64("PRAGMA user_version"));
    if (check_.config_version > SqliteConfigStore::kSchemaVersion) {
      Find(absl::StrCat("schema version ", check_.config_version,
                        "; this program knows ",
                        SqliteConfigStore::kSchemaVersion),
           "only the program that wrote it can check and read it");
      return absl::OkStatus();
    }
    MQTTPUSH_RETURN_IF_ERROR(CheckIntegrity(db));
    // The service brings it to the newest version when it starts.
    if (check_.config_version < SqliteConfigStore::kSchemaVersion) {
      return absl::OkStatus();
    }
    MQTTPUSH_ASSIGN_OR_RETURN(Statement broken, db.Prepare(kForeignKeysSql));
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, broken.Step());
    if (row) {
      Find(absl::StrCat("a row of ", broken.Text(0), " belongs to none of ",
                        broken.Text(2)),
           kNotRead);
      broken.Reset();
    }
    MQTTPUSH_ASSIGN_OR_RETURN(check_.config, LoadConfig(&db));
    return CompareWithLog(db);
  }

  // A uid is never given twice: of what the log names, the configuration knows
  // at least that it was.
  absl::Status CompareWithLog(Database& db) {
    std::map<std::string, int64_t> last_uids;
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSequencesSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      last_uids[select.Text(0)] = select.Int64(1);
    }
    for (const SubscriptionState& state : check_.log.states) {
      if (state.uid <= last_uids["subscription"] &&
          state.tenant_uid <= last_uids["tenant"]) {
        continue;
      }
      Find(absl::StrCat("has never had subscription uid ", state.uid, " (",
                        state.id, ") of tenant uid ", state.tenant_uid,
                        ", which has events in the log"),
           "config.db is older than the log: a new subscription would take "
           "those events over");
    }
    return absl::OkStatus();
  }

  void CheckLegacyLog() {
    auto db = OpenFromOutside(path_ + "/log.db", check_.use);
    if (absl::IsNotFound(db.status())) return;
    const absl::Status status = db.ok() ? CheckIntegrity(*db) : db.status();
    if (status.ok()) return;
    check_.findings.push_back({"log.db", std::string(status.message()),
                               "the service cannot take it over"});
  }

  void ListFiles() {
    for (const std::string& name : NamesIn(path_ + "/sessions")) {
      if (!absl::EndsWith(name, ".session")) continue;
      const std::string file = "sessions/" + name;
      check_.sessions.push_back(
          {file, FileSize(path_ + "/" + file), BrokerOf(name)});
    }
    const std::set<std::string> known = {
        "lock",      "reserve",       "log",          "sessions",
        "config.db", "config.db-wal", "config.db-shm"};
    for (const std::string& name : NamesIn(path_)) {
      if (!known.contains(name)) AddOther(name, NoteOn(name));
    }
    for (const std::string& name : NamesIn(path_ + "/log")) {
      if (absl::StrContains(name, ".db") ||
          absl::StrContains(name, ".filter")) {
        continue;
      }
      AddOther("log/" + name, name == "set-aside"
                                  ? "segments that were damaged; for a person "
                                    "to look at, then to be removed"
                                  : "not ours");
    }
  }
  void AddOther(const std::string& file, std::string note) {
    check_.others.push_back(
        {file, SizeOf(fs::path(path_) / file), std::move(note)});
  }
  static std::string NoteOn(absl::string_view name) {
    if (absl::StartsWith(name, "log.db.imported")) {
      return "the log of an earlier version, taken over; can be removed";
    }
    if (absl::StartsWith(name, "log.db")) {
      return "the log of an earlier version; the service takes it over when it "
             "starts";
    }
    if (name == "log.importing") {
      return "an import that was broken off; the service begins it anew";
    }
    return "not ours";
  }
  std::string BrokerOf(absl::string_view name) const {
    int64_t uid = 0;
    if (!absl::SimpleAtoi(absl::StripSuffix(name, ".session"), &uid)) {
      return "not ours";
    }
    const BrokerRecord* broker = check_.config.FindBroker(uid);
    if (broker == nullptr) return "of a broker that is deleted";
    const TenantRecord* tenant = check_.config.FindTenant(broker->tenant_uid);
    return absl::StrCat("tenants/", tenant == nullptr ? "?" : tenant->id,
                        "/brokers/", broker->id);
  }

  const std::string& path_;
  DirectoryCheck check_;
};

}  // namespace

std::vector<CheckFinding> DirectoryCheck::AllFindings() const {
  std::vector<CheckFinding> all = findings;
  for (const SegmentCheck& segment : log.segments) {
    all.insert(all.end(), segment.findings.begin(), segment.findings.end());
  }
  all.insert(all.end(), log.findings.begin(), log.findings.end());
  return all;
}

absl::Status CheckIsDataDirectory(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat("there is no directory ", path));
  }
  fs::directory_iterator readable(path, error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot read ", path, ": ", error.message()));
  }
  for (const char* name : {"config.db", "log", "log.db"}) {
    if (fs::exists(path + "/" + name, error)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      path, " is not a data directory: it has neither config.db nor log"));
}

absl::StatusOr<DirectoryCheck> CheckDataDirectory(const std::string& path) {
  MQTTPUSH_RETURN_IF_ERROR(CheckIsDataDirectory(path));
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    const DirectoryUse use = LookAtUse(path);
    absl::StatusOr<DirectoryCheck> check = DirectoryChecker(path, use).Run();
    // Otherwise a service wrote what was taken to be at rest.
    if (!check.ok() || use.in_use || LookAtUse(path) == use) return check;
  }
  return absl::AbortedError(absl::StrCat("services were started on ", path,
                                         " while it was read; try again"));
}

}  // namespace mqttpush
