// ShimControl: makes the clock of a child process jump and its disk full.
#ifndef MQTTPUSH_TESTS_FAULT_SHIM_CONTROL_H_
#define MQTTPUSH_TESTS_FAULT_SHIM_CONTROL_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "tests/fault/shim_state.h"

namespace mqttpush::fault {

// Works on children that were started with environment(), and on theirs.
// Thread-safe.
class ShimControl {
 public:
  // `path` is the file of the shared page, and gets written. The disk is the
  // one that holds `directory`.
  ShimControl(const std::string& path, const std::string& directory);
  ~ShimControl();
  ShimControl(const ShimControl&) = delete;
  ShimControl& operator=(const ShimControl&) = delete;

  std::map<std::string, std::string> environment() const;

  // How far the wall clock is off from now on.
  void SetClockOffset(absl::Duration offset);
  void SetDiskFull(bool full);
  // Writes that failed because the disk was full.
  int refused_writes() const { return state_->refused_writes; }

 private:
  const std::string path_;
  ShimState* state_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_SHIM_CONTROL_H_
