// ControlPlaneStub: the control plane's end of a worker link, for tests of the
// real worker program.
#ifndef MQTTPUSH_WORKERS_WORKER_CONTROL_PLANE_STUB_H_
#define MQTTPUSH_WORKERS_WORKER_CONTROL_PLANE_STUB_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "common/mutex.h"
#include "tests/support/child_process.h"
#include "workers/link/link_stream.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// What the worker said, in order; every message of Results is kept.
struct WorkerSays {
  wire::Hello hello;
  std::vector<wire::LinkStatus> statuses;
  std::vector<wire::Credit> credits;
  std::vector<wire::Result> results;
  std::vector<int> results_per_message;
  // "status CONNECTED", "credit 1/200", "results 3", …: how they interleaved.
  std::vector<std::string> order;
  int connect_requests = 0;  // each was permitted at once, unless held
  std::vector<wire::DeliveryId> session_report;
  int pongs = 0;
  bool ended = false;
};

// Spawns a worker, and speaks to it. Thread-safe.
class ControlPlaneStub {
 public:
  // `sessions`: the folder to which the worker writes; empty: it does not.
  explicit ControlPlaneStub(const std::string& worker_path,
                            const std::string& sessions = "");
  ~ControlPlaneStub();

  void Configure(const wire::Configure& settings);
  void Publish(int64_t epoch, const std::vector<wire::Publish>& messages);
  void Forget(const std::vector<wire::DeliveryId>& deliveries);
  void Drain();
  // The worker has done all that was said before when it answers.
  void Ping();
  // As a control plane that has ended; nothing more can be said or heard.
  void HangUp();
  // From now on connect requests wait for Permit.
  void HoldPermits();
  // Permits one call.
  void Permit();

  // What was said so far.
  WorkerSays Says() const;
  // Waits until `condition` holds for what was said; false after `timeout`.
  using Condition = std::function<bool(const WorkerSays&)>;
  bool WaitFor(const Condition& condition,
               absl::Duration timeout = absl::Seconds(20)) const;

  ChildProcess& process() { return *process_; }
  const std::string& nonce() const { return nonce_; }

 private:
  void Send(wire::ControlMessage message);
  // On the loop.
  void Take(const wire::WorkerMessage& message);
  void Record(const wire::WorkerMessage& message);
  void End();

  const std::string nonce_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  WorkerSays says_ ABSL_GUARDED_BY(mutex_);
  bool holds_permits_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<ChildProcess> process_;
  EventLoop loop_;
  std::unique_ptr<LinkStream> stream_;  // the loop's
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_CONTROL_PLANE_STUB_H_
