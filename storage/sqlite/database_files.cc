#include "storage/sqlite/database_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// The file last: without the others it is an older but sound database.
constexpr const char* kSuffixes[] = {"-wal", "-shm", ""};

}  // namespace

int64_t FileSize(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ? status.st_size : 0;
}

bool HasWal(const std::string& path) { return FileSize(path + "-wal") > 0; }

bool HasAnyFile(const std::string& path) {
  struct stat status;
  return std::any_of(std::begin(kSuffixes), std::end(kSuffixes),
                     [&](const char* suffix) {
                       return lstat((path + suffix).c_str(), &status) == 0;
                     });
}

absl::Status RemoveDatabaseFiles(const std::string& path) {
  for (const char* suffix : kSuffixes) {
    const std::string file = path + suffix;
    if (unlink(file.c_str()) != 0 && errno != ENOENT) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot remove ", file));
    }
  }
  return absl::OkStatus();
}

absl::Status MoveDatabaseFiles(const std::string& from, const std::string& to) {
  for (const char* suffix : kSuffixes) {
    const std::string source = from + suffix;
    const std::string target = to + suffix;
    if (rename(source.c_str(), target.c_str()) != 0 && errno != ENOENT) {
      return absl::ErrnoToStatus(
          errno, absl::StrCat("cannot move ", source, " to ", target));
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(from));
  return SyncDirectoryOf(to);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int fd = open(folder.empty() ? "." : folder.c_str(),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", folder));
  }
  const int synced = fsync(fd);
  const int error = errno;
  close(fd);
  return synced == 0
             ? absl::OkStatus()
             : absl::ErrnoToStatus(error, absl::StrCat("cannot sync ", folder));
}

}  // namespace mqttpush
