// LogExtent: which time the log can tell of.
#ifndef MQTTPUSH_STORAGE_LOG_EXTENT_H_
#define MQTTPUSH_STORAGE_LOG_EXTENT_H_

#include <vector>

#include "absl/time/time.h"

namespace mqttpush {

struct LogExtent {
  // What was accepted since then is in it, but for the gaps.
  absl::Time begin = absl::InfiniteFuture();
  // It begins with the first event that there ever was: nothing was dropped.
  bool from_the_first = false;
  // A stretch of which files are missing, because they were damaged or lost.
  struct Gap {
    absl::Time start;  // not before it
    absl::Time end;    // not after it
    int files = 0;
  };
  std::vector<Gap> gaps;  // oldest first
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_LOG_EXTENT_H_
