// How a worker process ended, in words for people.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_WORKER_END_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_WORKER_END_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// `wait_status` is that of waitpid(2). `killed_because` is why the supervisor
// killed it; empty when it did not. "exit code 74: its session file could not
// be written (is the disk full?)", "SIGSEGV (Segmentation fault)", "killed: it
// has not answered for 20s". Pure.
std::string DescribeWorkerEnd(int wait_status,
                              absl::string_view killed_because);

// `why` a worker does not run, the `in_row`-th time in a row. Pure.
std::string DescribeRestart(absl::string_view why, int in_row);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_WORKER_END_H_
