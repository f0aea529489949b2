// ShimState: the page that the driver and the shim in a child process share.
#ifndef MQTTPUSH_TESTS_FAULT_SHIM_STATE_H_
#define MQTTPUSH_TESTS_FAULT_SHIM_STATE_H_

#include <atomic>
#include <cstdint>

namespace mqttpush::fault {

// The environment variable that names the file of the page. The service refuses
// MQTTPUSH_... that it does not know, and hands FAKETIME... on to its workers.
inline constexpr char kShimVariable[] = "FAKETIME_PAGE";

struct ShimState {
  // Added to what the wall clock says.
  std::atomic<int64_t> clock_offset_ns;
  // Whether the disk that holds `directory` is full.
  std::atomic<int32_t> disk_full;
  // Writes that failed for it.
  std::atomic<int32_t> refused_writes;
  char directory[256];
};
static_assert(std::atomic<int64_t>::is_always_lock_free);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_SHIM_STATE_H_
