// Ledger: the driver's end of the ledger process.
#ifndef MQTTPUSH_TESTS_FAULT_LEDGER_H_
#define MQTTPUSH_TESTS_FAULT_LEDGER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mutex.h"
#include "tests/fault/ledger_record.h"
#include "tests/support/child_process.h"

namespace mqttpush::fault {

// Thread-safe.
class Ledger {
 public:
  // Starts the process, which writes `path` and subscribes at these ports, and
  // waits until it has subscribed.
  static absl::StatusOr<std::unique_ptr<Ledger>> Start(
      const std::string& path, const std::vector<int>& ports);
  ~Ledger();

  // To be called as soon as the service has said ACCEPTED.
  void Accepted(const Acceptance& acceptance);
  // Waits until all that a broker has accepted is written down; `broker`
  // counts the ports from 0.
  absl::Status Barrier(size_t broker);

  // How much is written.
  size_t size() const;
  // What was written from `position` on.
  absl::StatusOr<LedgerRecord> Read(size_t position) const;
  const std::string& path() const { return path_; }

 private:
  Ledger(std::string path, int fd, std::unique_ptr<ChildProcess> process);
  bool Send(const std::string& line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const int fd_;
  Mutex mutex_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_LEDGER_H_
