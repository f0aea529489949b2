// What a worker process does to itself before it does anything else.
#ifndef MQTTPUSH_WORKERS_PROCESS_PROCESS_SETUP_H_
#define MQTTPUSH_WORKERS_PROCESS_PROCESS_SETUP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqttpush {

// Bounds what the process can take of the machine (open files, memory, its
// share of the processors, its place before the out-of-memory killer), keeps
// its memory (it holds a customer's credentials) out of core dumps and
// debuggers, clears the environment of what would change Paho, and blocks
// signals: Paho's threads miss events when one is delivered to them, and only
// the control plane ends a worker. To be called before any thread starts.
absl::Status SetUpWorkerProcess();

// Whether the kernel ends the process when its parent ends: for one that hangs
// and cannot notice the socket's end. On the thread that calls it, while that
// lives.
void DieWithParent(bool die);

// Ends the process in so many seconds if nothing else has.
void LeaveWithin(absl::Duration time);

// Reads the nonce that the control plane wrote into the socket, and keeps the
// socket from the programs that this one might start. FAILED_PRECONDITION: the
// control plane is gone.
absl::StatusOr<std::string> ReadNonce(int fd);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_PROCESS_SETUP_H_
