// WaitUntil: for conditions of other processes, which can only be looked at.
#ifndef MQTTPUSH_TESTS_SUPPORT_WAIT_UNTIL_H_
#define MQTTPUSH_TESTS_SUPPORT_WAIT_UNTIL_H_

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace mqttpush {

// Looks at `condition` until it holds; false when `timeout` passed first.
inline bool WaitUntil(absl::Duration timeout,
                      absl::FunctionRef<bool()> condition) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_WAIT_UNTIL_H_
