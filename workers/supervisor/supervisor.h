// Supervisor: one running worker process for each broker of each active
// tenant.
//
// Starts them, gives them their settings and every change of these, restarts
// the ones that end, kills and restarts those that hang, drains those that are
// no longer wanted, and paces their calls to one host. One worker's end touches
// no other.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "storage/config_snapshot.h"
#include "workers/dispatch/dispatcher.h"
#include "workers/dispatch/status_board.h"
#include "workers/egress/egress_allowances.h"
#include "workers/supervisor/answer_watch.h"
#include "workers/supervisor/connect_permits.h"
#include "workers/supervisor/link_display.h"
#include "workers/supervisor/link_messages.h"
#include "workers/supervisor/restart_backoff.h"
#include "workers/supervisor/session_files.h"
#include "workers/supervisor/worker_processes.h"

namespace mqttpush {

struct SupervisorOptions {
  std::string worker_path;  // the program mqttpush-worker
  // The folder that is hidden from workers, but for the sessions in it; empty:
  // none is.
  std::string data_path;
  // The folder of the stored sessions; it must exist.
  std::string sessions_path;
  LinkOptions link;
  // Where workers may connect; looked at again each time that they are asked
  // whether they answer.
  AllowedNetworks allowed_networks = [](const std::string&) {
    return std::vector<std::string>();
  };
  // How many calls to one broker host are let through per second, from 1.
  int connect_rate = 10;
  // A worker that has not said hello by then is killed and started again; the
  // more brokers there are, the more it gets.
  absl::Duration attach_timeout = absl::Seconds(10);
  // A worker that says nothing for so long, though it is asked AnswerWatch::
  // kPatience times, hangs: it is killed and started again. Longer than a
  // resolver with up to three servers holds it up (process_setup.cc).
  absl::Duration answer_timeout = absl::Seconds(20);
  // A worker that was asked to drain and has not ended by then is killed.
  absl::Duration drain_timeout = absl::Seconds(15);
};

// Public methods on the loop only, but for the constructor and the destructor;
// the loop is stopped before the destructor. What is passed in must outlive it.
class Supervisor {
 public:
  Supervisor(Dispatcher* dispatcher, EventLoop* loop, const Clock* clock,
             StatusBoard* board, SupervisorOptions options);

  // Starts, reconfigures and drains workers to fit.
  void OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot);

  // Drains all workers, restarts none, and then calls `stopped`.
  void Stop(std::function<void()> stopped);

 private:
  // One process, from its start until both it and its stream have ended.
  struct Worker {
    int64_t id = 0;
    pid_t pid = 0;
    absl::Duration start{};       // SteadyNow()
    int64_t broker_revision = 0;  // of the settings that it was given
    bool session = false;         // whether they ask for a stored one
    std::vector<std::string> allowed_networks;  // of them
    std::shared_ptr<WorkerChannel> channel;     // while attached
    bool attached = false;                      // once
    bool exited = false;
    bool draining = false;
    AnswerWatch answers;
    bool hung = false;
    std::string killed_because;  // empty: we did not
    std::string how_it_ended;
  };
  // The worker of a broker, and what outlives a single process.
  struct Slot {
    std::unique_ptr<Worker> worker;
    RestartBackoff backoff;
    EventLoop::TimerId restart_timer = 0;
    bool restart_waiting = false;
  };

  bool wanted(int64_t broker_uid) const;
  void Fit(int64_t broker_uid);
  void Start(int64_t broker_uid, Slot& slot);
  void Configure(int64_t broker_uid, Worker& worker);
  void Drain(int64_t broker_uid, Worker& worker);
  void Kill(Worker& worker, absl::string_view why);
  // Unless it has ended by then, or `still_due` says that it need not.
  void KillAfter(
      absl::Duration delay, int64_t worker_id, const std::string& why,
      bool (*still_due)(const Worker&) = [](const Worker&) { return true; });
  // To call the broker.
  void AskLeave(int64_t broker_uid, const Worker& worker, int connections);
  void GiveLeave(int64_t worker_id);
  // Asks all workers whether they still answer, and looks whether they did.
  void Watch();
  void Hung(int64_t broker_uid, Worker& worker);

  void Attached(int64_t worker_id, std::shared_ptr<WorkerChannel> channel);
  void TakeMessage(int64_t worker_id, const worker::v1::WorkerMessage& message);
  void TakeLinkStatus(int64_t broker_uid, const worker::v1::LinkStatus& status);
  void Detached(int64_t worker_id);
  void Exited(int64_t worker_id, int wait_status);
  void Ended(int64_t broker_uid, Slot& slot);
  // The link shows `state` until then.
  void RestartLater(int64_t broker_uid, Slot& slot, absl::Duration lifetime,
                    LinkState state, absl::string_view why);
  // The broker and slot of a worker that has not ended; nullptr otherwise.
  std::pair<const int64_t, Slot>* Find(int64_t worker_id);
  std::string NameOf(int64_t broker_uid) const;
  void CheckStopped();

  Dispatcher* const dispatcher_;
  EventLoop* const loop_;
  const Clock* const clock_;
  const SupervisorOptions options_;
  const SessionFiles session_files_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::map<int64_t, Slot> slots_;                // by broker uid
  std::map<int64_t, int64_t> broker_by_worker_;  // of slots with a worker
  int64_t next_worker_id_ = 1;
  LinkDisplay links_;
  ConnectPermits permits_;  // only for workers that are attached
  bool began_ = false;      // with the first configuration
  bool stopping_ = false;
  std::function<void()> stopped_;

  WorkerProcesses processes_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_H_
