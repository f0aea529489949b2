// EventLoop: one thread that runs what is posted to it, in order, and timers.
//
// State that only the loop's thread touches needs no lock: callbacks of gRPC,
// of the log and of the supervisor post to the loop, and act there at its own
// pace.
#ifndef MQTTPUSH_COMMON_EVENT_LOOP_H_
#define MQTTPUSH_COMMON_EVENT_LOOP_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe. Timers run by the steady clock.
class EventLoop {
 public:
  using Task = std::function<void()>;

  EventLoop();
  // Stops as Stop() does.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread after all that was posted before. Dropped
  // after Stop().
  void Post(Task task);

  // Runs `task` on the loop's thread once `delay` has passed. Returns an id
  // for CancelTimer.
  using TimerId = int64_t;
  TimerId PostAfter(absl::Duration delay, Task task);
  // No effect when the timer ran or does not exist. A timer that is already
  // due may still run in the loop's current round.
  void CancelTimer(TimerId id);

  // Runs `task` on the loop's thread and waits for it. Not on the loop's
  // thread. After Stop() it returns without running it.
  void RunAndWait(Task task);

  // Runs what is posted already, then ends the thread. Timers are dropped.
  void Stop();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  void Run();
  // Waits for work; false when the loop is to end.
  bool TakeReady(std::vector<Task>& ready);

  Mutex mutex_;
  CondVar changed_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<TimePoint, TimerId>, Task> timers_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerId, TimePoint> due_by_id_ ABSL_GUARDED_BY(mutex_);
  TimerId next_timer_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: starts when the rest is ready
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_EVENT_LOOP_H_
