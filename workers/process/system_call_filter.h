// FilterSystemCalls: what a worker may ask of the kernel.
#ifndef MQTTPUSH_WORKERS_PROCESS_SYSTEM_CALL_FILTER_H_
#define MQTTPUSH_WORKERS_PROCESS_SYSTEM_CALL_FILTER_H_

#include "absl/status/status.h"

namespace mqttpush {

// From now on this thread, and all that it starts, can make those system calls
// only that Paho, OpenSSL, the resolver and our own code need (seccomp). Others
// fail with EPERM; the ones of which only an attacker has any use, such as
// execve, end the process with SIGSYS. The same for the programs that it might
// start, so that privileges cannot be had by these either.
absl::Status FilterSystemCalls();

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_SYSTEM_CALL_FILTER_H_
