// Which file system a folder is on, and whether that is one of another machine.
//
// SQLite's WAL needs memory that all who have the file open share, and locks
// that hold; over a network neither can be relied on, and what is lost is the
// data (https://www.sqlite.org/wal.html).
#ifndef MQTTPUSH_STORAGE_SQLITE_FILE_SYSTEM_H_
#define MQTTPUSH_STORAGE_SQLITE_FILE_SYSTEM_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

struct FileSystem {
  std::string type;    // as in mountinfo: "ext4", "nfs4", "fuse.sshfs"
  std::string source;  // "/dev/sda1", "server:/export", "user@host:/folder"
};

// Of `path`, or, where that does not exist yet, of the nearest folder above it.
// Does not touch the file system itself, which may hang. An empty type: the
// kernel did not say.
FileSystem FindFileSystem(const std::string& path);

// Whether its files lie on another machine, or are shared with others. FUSE has
// no end of types: those we know, and those whose source looks like another
// machine.
bool IsNetworkFileSystem(const FileSystem& file_system);

// Of the text of /proc/self/mountinfo, the mount with that id.
std::optional<FileSystem> FindMount(absl::string_view mountinfo, int mount_id);

// The type that statfs(2) calls by a number, where mountinfo does not say; ""
// for those that are local or cannot be told apart (FUSE).
absl::string_view NetworkTypeOfMagic(unsigned long magic);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_FILE_SYSTEM_H_
