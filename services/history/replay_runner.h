// ReplayRunner: lets all replays that are running take their turns, on one
// thread.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_RUNNER_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_RUNNER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "services/history/live_streams.h"
#include "services/history/replay_run.h"
#include "storage/replay_store.h"

namespace mqttpush {

// The thread sleeps until the next step is due. A step that waits for the disk
// holds up the others, which wait for the same disk. Thread-safe.
class ReplayRunner {
 public:
  // `watchers`: who is told of changes, by the uid of the replay, about once a
  // second. All but what is in `parts` must outlive it.
  ReplayRunner(ReplayParts parts, LiveStreams* watchers);
  // Stops as Stop() does.
  ~ReplayRunner();

  // Goes on with those that ran when the service ended. UNAVAILABLE when they
  // cannot be read.
  absl::Status Start();
  // Begins with a new one.
  void Add(const ReplayRecord& replay) ABSL_LOCKS_EXCLUDED(mutex_);
  // It was cancelled: takes no more steps but the one that is under way.
  void Forget(int64_t uid) ABSL_LOCKS_EXCLUDED(mutex_);

  // Begins no more steps; what is under way needs dispatch to end.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for its end.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Turn {
    std::shared_ptr<ReplayRun> run;
    absl::Duration due;                               // by SteadyNow
    absl::Duration told = -absl::InfiniteDuration();  // when watchers were
  };

  void Run();
  // The replay whose step is due, once one is; nullptr when it is to stop.
  std::shared_ptr<ReplayRun> WaitForTurn() ABSL_LOCKS_EXCLUDED(mutex_);
  std::map<int64_t, Turn>::iterator NextTurn()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndTurn(int64_t uid, absl::Duration start, ReplayRun::Next next)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const ReplayParts parts_;
  LiveStreams* const watchers_;

  Mutex mutex_;
  CondVar changed_;
  std::map<int64_t, Turn> turns_ ABSL_GUARDED_BY(mutex_);  // by uid
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_RUNNER_H_
