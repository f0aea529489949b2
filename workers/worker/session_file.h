// SessionFile: an append-only file of session records.
#ifndef MQTTPUSH_WORKERS_WORKER_SESSION_FILE_H_
#define MQTTPUSH_WORKERS_WORKER_SESSION_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/worker/v1/session_file.pb.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// Records survive the end of the process from the moment Append returns: they
// are in the kernel then. They survive the end of the machine only after Sync
// (docs/decisions/0010-session-file.md). Not thread-safe.
class SessionFile {
 public:
  // Makes the file this process's own until the last SessionFile of it is gone;
  // creates it when there is none. UNAVAILABLE while another process has it.
  static absl::StatusOr<SessionFile> Lock(const std::string& path);
  // What the file holds; a record that was cut short, at its end, is left out.
  // No file: nothing.
  static absl::StatusOr<std::vector<wire::SessionRecord>> Read(
      const std::string& path);
  // Puts a file with these records, and locked, in the place of the present
  // one, all or nothing. Only for who has the present one.
  static absl::StatusOr<SessionFile> Replace(
      const std::string& path, const std::vector<wire::SessionRecord>& records);

  SessionFile() = default;
  ~SessionFile();
  SessionFile(SessionFile&& other) noexcept;
  SessionFile& operator=(SessionFile&& other) noexcept;

  // In one write. After an error the end of the file is not known: use it no
  // more.
  absl::Status Append(const wire::SessionRecord& record);
  // Waits for the disk.
  absl::Status Sync();

  size_t bytes() const { return bytes_; }

 private:
  std::string directory_;
  int fd_ = -1;
  size_t bytes_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_SESSION_FILE_H_
