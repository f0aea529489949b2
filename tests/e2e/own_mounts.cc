#include "tests/e2e/own_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// Everybody stays who they are; only the rights to mount are new.
void KeepIds(uid_t uid, gid_t gid) {
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << uid << " " << uid << " 1";
  std::ofstream("/proc/self/gid_map") << gid << " " << gid << " 1";
}

absl::Status Enter() {
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return absl::PermissionDeniedError(absl::StrCat(
          "no mounts of one's own are allowed here (errno ", errno, ")"));
    }
    KeepIds(uid, gid);
  }
  // Or what is mounted here would be seen by others.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return absl::ErrnoToStatus(errno, "make mounts private");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterOwnMounts() {
  static const absl::Status entered = Enter();
  return entered;
}

absl::StatusOr<std::unique_ptr<OwnMount>> OwnMount::Mount(
    const std::string& folder, const std::string& type,
    const std::string& source, const std::string& options) {
  mkdir(folder.c_str(), 0700);
  if (mount(source.c_str(), folder.c_str(), type.c_str(), MS_NOSUID | MS_NODEV,
            options.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mount ", type));
  }
  return std::unique_ptr<OwnMount>(new OwnMount(folder));
}

absl::StatusOr<std::unique_ptr<OwnMount>> OwnMount::Memory(
    const std::string& folder, int mebibytes) {
  return Mount(folder, "tmpfs", "tmpfs", absl::StrCat("size=", mebibytes, "m"));
}

absl::StatusOr<std::unique_ptr<OwnMount>> OwnMount::DeadSshfs(
    const std::string& folder, const std::string& source) {
  const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "/dev/fuse");
  auto mounted =
      Mount(folder, "fuse.sshfs", source,
            absl::StrCat("fd=", fd, ",rootmode=40000,user_id=", getuid(),
                         ",group_id=", getgid()));
  close(fd);
  return mounted;
}

OwnMount::~OwnMount() { umount2(folder_.c_str(), MNT_DETACH); }

}  // namespace mqttpush
