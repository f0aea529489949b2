// EnterSandbox: what a worker process gives up before it talks to strangers.
#ifndef MQTTPUSH_WORKERS_PROCESS_SANDBOX_H_
#define MQTTPUSH_WORKERS_PROCESS_SANDBOX_H_

#include "absl/status/status.h"
#include "workers/process/file_bounds.h"

namespace mqttpush {

// The process gets a session of its own, closes all descriptors but the
// standard three and `link_fd`, can have no more privileges from any program
// that it would run, keeps to `files`, and makes the system calls only that it
// needs (system_call_filter.h). To be called after SetUpWorkerProcess and
// before any thread starts. Where the kernel cannot bound files, that is
// logged.
absl::Status EnterSandbox(int link_fd, const FileBounds& files);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_SANDBOX_H_
