// DiskReserve: room on the disk that is held by a file, to be given up for what
// must be written when there is no other room left.
#ifndef MQTTPUSH_STORAGE_SQLITE_DISK_RESERVE_H_
#define MQTTPUSH_STORAGE_SQLITE_DISK_RESERVE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace mqttpush {

// Thread-compatible. The file stays when this goes: the next one takes it over.
class DiskReserve {
 public:
  static constexpr int64_t kBytes = 16 << 20;

  explicit DiskReserve(std::string path, int64_t bytes = kBytes)
      : path_(std::move(path)), bytes_(bytes) {}

  // Takes the room, unless it is held. UNAVAILABLE, saying why in plain words,
  // where there is not twice as much free: what is then left is for others.
  // Where the file system cannot hold room for a file, it is OK without.
  absl::Status Take();
  void GiveUp();

 private:
  bool IsHeld() const;

  const std::string path_;
  const int64_t bytes_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DISK_RESERVE_H_
