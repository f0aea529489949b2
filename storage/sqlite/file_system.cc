#include "storage/sqlite/file_system.h"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kNetworkTypes[] = {
    "9p",       "acfs",   "afs",    "beegfs", "ceph",   "cifs",  "coda",
    "davfs",    "gfs",    "gfs2",   "gpfs",   "lustre", "ncpfs", "nfs",
    "nfs4",     "ocfs2",  "panfs",  "prl_fs", "pvfs2",  "smb3",  "smbfs",
    "orangefs", "vboxsf", "vmhgfs", "wekafs"};

// After "fuse.".
constexpr absl::string_view kNetworkFuseTypes[] = {
    "beegfs",    "blobfuse",  "blobfuse2", "ceph",        "ceph-fuse",
    "curlftpfs", "cvmfs2",    "davfs",     "davfs2",      "gcsfuse",
    "glusterfs", "goofys",    "httpdirfs", "juicefs",     "lizardfs",
    "mfs",       "moosefs",   "mount-s3",  "objectivefs", "rclone",
    "s3fs",      "seaweedfs", "smbnetfs",  "sshfs",       "vmhgfs-fuse"};

// From <linux/magic.h> and the file systems' own sources.
constexpr std::pair<unsigned long, absl::string_view> kNetworkMagics[] = {
    {0x00006969, "nfs"},    {0x0000517B, "smbfs"}, {0xFF534D42, "cifs"},
    {0xFE534D42, "smb3"},   {0x5346414F, "afs"},   {0x6B414653, "afs"},
    {0x00C36400, "ceph"},   {0x01021997, "9p"},    {0x73757245, "coda"},
    {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},  {0x7461636F, "ocfs2"},
    {0x01161970, "gfs2"},   {0x0000564C, "ncpfs"}, {0x20030528, "orangefs"},
    {0x19830326, "beegfs"}};

// "user@host:/folder", "host:/volume", "//host/share", "https://host/".
bool NamesAnotherMachine(absl::string_view source) {
  return absl::StartsWith(source, "//") || absl::StrContains(source, ":/");
}

// Mountinfo writes space, tab, newline and backslash in octal: "\040".
std::string Unescape(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view octal = text.substr(i + 1, 3);
    if (text[i] == '\\' && octal.size() == 3 &&
        absl::c_all_of(octal, [](char c) { return c >= '0' && c <= '7'; })) {
      plain.push_back(static_cast<char>((octal[0] - '0') * 64 +
                                        (octal[1] - '0') * 8 + octal[2] - '0'));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The kernel knows best which mount an open file is on, also where mounts hide
// one another.
std::optional<int> MountIdOf(int fd) {
  const std::string text = ReadText(absl::StrCat("/proc/self/fdinfo/", fd));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    int id = 0;
    if (absl::ConsumePrefix(&line, "mnt_id:") && absl::SimpleAtoi(line, &id)) {
      return id;
    }
  }
  return std::nullopt;
}

// O_PATH opens nothing on the file system itself.
int OpenNearest(std::filesystem::path path) {
  while (true) {
    const int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd >= 0 || path == path.parent_path()) return fd;
    path = path.parent_path();
  }
}

}  // namespace

FileSystem FindFileSystem(const std::string& path) {
  std::error_code error;
  const int fd = OpenNearest(std::filesystem::absolute(path, error));
  if (fd < 0) return {};
  std::optional<FileSystem> found;
  if (std::optional<int> id = MountIdOf(fd)) {
    found = FindMount(ReadText("/proc/self/mountinfo"), *id);
  }
  if (!found.has_value()) {
    struct statfs info = {};
    found.emplace();
    if (fstatfs(fd, &info) == 0) {
      // Signed and of other sizes on some machines.
      found->type = std::string(NetworkTypeOfMagic(
          static_cast<unsigned long>(info.f_type) & 0xFFFFFFFF));
    }
  }
  close(fd);
  return *std::move(found);
}

bool IsNetworkFileSystem(const FileSystem& file_system) {
  absl::string_view type = file_system.type;
  if (absl::c_linear_search(kNetworkTypes, type)) return true;
  if (type == "fuse") return NamesAnotherMachine(file_system.source);
  if (!absl::ConsumePrefix(&type, "fuse.")) return false;
  return absl::c_linear_search(kNetworkFuseTypes, type) ||
         NamesAnotherMachine(file_system.source);
}

// A line: id, parent's id, device, root, mount point, options, any number of
// optional fields, "-", type, source, options (proc_pid_mountinfo(5)).
std::optional<FileSystem> FindMount(absl::string_view mountinfo, int mount_id) {
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    int id = 0;
    if (!absl::SimpleAtoi(fields[0], &id) || id != mount_id) continue;
    const auto separator = absl::c_find(fields, "-");
    if (fields.end() - separator < 3) return std::nullopt;
    return FileSystem{Unescape(separator[1]), Unescape(separator[2])};
  }
  return std::nullopt;
}

absl::string_view NetworkTypeOfMagic(unsigned long magic) {
  for (const auto& [number, type] : kNetworkMagics) {
    if (number == magic) return type;
  }
  return "";
}

}  // namespace mqttpush
