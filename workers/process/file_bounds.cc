#include "workers/process/file_bounds.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// The headers of Debian 12 do not have it yet.
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

constexpr uint64_t kReading =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// What a session file needs (worker/session_file.h).
constexpr uint64_t kWriting = LANDLOCK_ACCESS_FS_WRITE_FILE |
                              LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr uint64_t kNever =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr int kFirstVersionWithTruncate = 3;

// glibc has no functions for these.
int CreateRuleset(const landlock_ruleset_attr* attributes, size_t size,
                  uint32_t flags) {
  return static_cast<int>(
      syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}

absl::Status Failed(absl::string_view what) {
  return absl::ErrnoToStatus(errno, what);
}

// For `fd` and all below it.
absl::Status Allow(int rules, int fd, uint64_t access) {
  const landlock_path_beneath_attr beneath{.allowed_access = access,
                                           .parent_fd = fd};
  if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
              &beneath, 0) == 0) {
    return absl::OkStatus();
  }
  return Failed("landlock_add_rule");
}

absl::Status AllowFolder(int rules, const std::string& folder,
                         uint64_t access) {
  const int fd = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed(absl::StrCat("open ", folder));
  const absl::Cleanup close_it = [fd] { close(fd); };
  return Allow(rules, fd, access);
}

// What a link leads to has a place of its own.
absl::Status AllowReadingEntry(int rules, int folder, const char* name) {
  const int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return absl::OkStatus();  // it has gone
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat found;
  if (fstat(fd, &found) != 0) return Failed("fstat");
  if (S_ISDIR(found.st_mode)) return Allow(rules, fd, kReading);
  if (!S_ISREG(found.st_mode)) return absl::OkStatus();
  return Allow(rules, fd, LANDLOCK_ACCESS_FS_READ_FILE);
}

// All entries but one. Of a folder that cannot be listed nothing is allowed.
absl::Status AllowReadingBeside(int rules, const std::string& folder,
                                const std::string& hidden) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()),
                                                    &closedir);
  if (listing == nullptr) return absl::OkStatus();
  const std::set<std::string> left_out = {".", "..", hidden};
  while (const dirent* entry = readdir(listing.get())) {
    if (left_out.count(entry->d_name) > 0) continue;
    MQTTPUSH_RETURN_IF_ERROR(
        AllowReadingEntry(rules, dirfd(listing.get()), entry->d_name));
  }
  return absl::OkStatus();
}

// Landlock can only allow: all that is beside the way to `hidden`.
absl::Status AllowReadingAround(int rules, const std::string& hidden) {
  const std::unique_ptr<char, decltype(&free)> real(
      realpath(hidden.c_str(), nullptr), &free);
  if (real == nullptr) return Failed(absl::StrCat("realpath ", hidden));
  const std::string way = real.get();
  for (size_t at = 0; at != std::string::npos;) {
    const size_t next = way.find('/', at + 1);
    MQTTPUSH_RETURN_IF_ERROR(AllowReadingBeside(
        rules, way.substr(0, at + 1), way.substr(at + 1, next - at - 1)));
    at = next;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BoundFiles(const FileBounds& bounds) {
  const int version =
      CreateRuleset(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) {
    return absl::UnimplementedError("this kernel has no Landlock");
  }
  const bool hides = !bounds.hidden.empty();
  const uint64_t reading = hides ? kReading : 0;
  const uint64_t writing =
      kWriting | (version >= kFirstVersionWithTruncate
                      ? uint64_t{LANDLOCK_ACCESS_FS_TRUNCATE}
                      : 0);
  const landlock_ruleset_attr handled{.handled_access_fs =
                                          reading | writing | kNever};
  const int rules = CreateRuleset(&handled, sizeof handled, 0);
  if (rules < 0) return Failed("landlock_create_ruleset");
  const absl::Cleanup close_it = [rules] { close(rules); };
  if (hides) {
    MQTTPUSH_RETURN_IF_ERROR(AllowReadingAround(rules, bounds.hidden));
  }
  if (!bounds.writable.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        AllowFolder(rules, bounds.writable, reading | writing));
  }
  if (syscall(SYS_landlock_restrict_self, rules, 0) == 0) {
    return absl::OkStatus();
  }
  return Failed("landlock_restrict_self");
}

}  // namespace mqttpush
