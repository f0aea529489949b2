// BoundFiles: where in the file system a worker may write, and where it may not
// even look.
#ifndef MQTTPUSH_WORKERS_PROCESS_FILE_BOUNDS_H_
#define MQTTPUSH_WORKERS_PROCESS_FILE_BOUNDS_H_

#include <string>

#include "absl/status/status.h"

namespace mqttpush {

// Folders; each may be empty for none.
struct FileBounds {
  // Nothing in it can be read, but for what is `writable`.
  std::string hidden;
  // The only one in which files can be created, written and removed.
  std::string writable;
};

// Holds for this thread and all that it starts from now on. No program can be
// run at all. Descriptors that are open, and memfds, stay as they are. Of the
// folders around `hidden`, what they hold now can be read. UNIMPLEMENTED where
// the kernel has no Landlock (before Linux 5.13, or switched off).
absl::Status BoundFiles(const FileBounds& bounds);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_FILE_BOUNDS_H_
