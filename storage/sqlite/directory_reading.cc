#include "storage/sqlite/directory_reading.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/data_directory.h"
#include "storage/sqlite/database_files.h"

namespace mqttpush {

DirectoryUse LookAtUse(const std::string& directory) {
  DirectoryUse use;
  const int fd = open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return use;
  struct stat status = {};
  if (fstat(fd, &status) == 0) {
    use.lock_time_ns =
        status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  }
  // Held for an instant; who starts meanwhile tries again (data_directory.cc).
  use.in_use = flock(fd, LOCK_SH | LOCK_NB) != 0;
  if (use.in_use) use.holder = DataDirectory::HolderOf(fd);
  close(fd);
  return use;
}

absl::StatusOr<Database> OpenFromOutside(const std::string& path,
                                         const DirectoryUse& use) {
  if (access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("there is no ", path));
  }
  if (!use.in_use) {
    return Database::Open(path, HasWal(path) ? Database::Mode::kQuiet
                                             : Database::Mode::kImmutable);
  }
  // Whoever writes has the WAL, even an empty one; it stays while it is open.
  const bool written = access((path + "-wal").c_str(), F_OK) == 0;
  return Database::Open(
      path, written ? Database::Mode::kReadOnly : Database::Mode::kImmutable);
}

absl::Status CheckIntegrity(Database& db) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement check,
                            db.Prepare("PRAGMA integrity_check(1)"));
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, check.Step());
  if (row && check.Bytes(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("integrity_check: ", row ? check.Text(0) : "no answer"));
}

}  // namespace mqttpush
