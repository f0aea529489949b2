// ConnectPermits: lets workers call their brokers, at the governor's pace.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_PERMITS_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_PERMITS_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/event_loop.h"
#include "workers/supervisor/connect_governor.h"

namespace mqttpush {

// On the loop only; the loop is stopped before the destructor.
class ConnectPermits {
 public:
  // Gives the worker leave to call once.
  using Permit = std::function<void(int64_t worker_id)>;

  // `rate` as in ConnectGovernor.
  ConnectPermits(EventLoop* loop, int rate, Permit permit)
      : loop_(loop), governor_(rate), permit_(std::move(permit)) {}

  // The worker asks for leave to call `host`, which takes so many connections;
  // it may be given at once.
  void Ask(int64_t worker_id, absl::string_view host, int port,
           int connections);
  // Forgets what the worker asked for, and returns how often it had asked.
  int Withdraw(int64_t worker_id) { return governor_.Remove(worker_id); }

 private:
  void GiveDue();

  EventLoop* const loop_;
  ConnectGovernor governor_;
  const Permit permit_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_PERMITS_H_
