// EventLoop: one thread that runs what is posted to it, in order, timers, and
// what waits for file descriptors.
//
// State that only the loop's thread touches needs no lock: handlers of calls,
// callbacks of the log and of the supervisor post to the loop, and act there at
// its own pace.
#ifndef MQTTPUSH_COMMON_EVENT_LOOP_H_
#define MQTTPUSH_COMMON_EVENT_LOOP_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe, but for what is said to be for the loop's thread. Timers run by
// the steady clock, to the millisecond. In each round the loop looks at file
// descriptors, then runs what was posted and is due, then what was left for the
// end of the round.
class EventLoop {
 public:
  using Task = std::function<void()>;

  EventLoop();
  // Stops as Stop() does.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread after all that was posted before. Dropped
  // after Stop(). Many posts wake a sleeping loop once.
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

  // --- For the loop's thread; also once the loop has stopped. ---

  // Runs `task` at the end of the present round, so that what a round has to
  // say to somebody is said at once.
  void PostToEndOfRound(Task task) { end_of_round_.push_back(std::move(task)); }

  // Calls `ready` in each round in which `fd` can be read, is at its end or has
  // failed; with epoll(7)'s events. May be called without cause.
  using Ready = std::function<void(uint32_t events)>;
  void Watch(int fd, Ready ready);
  // Whether also when it can be written to.
  void WatchWrites(int fd, bool on);
  // Before `fd` is closed. `ready` is not called any more.
  void Unwatch(int fd);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  void Run();
  // Waits for work, and calls those whose file descriptors are ready.
  void LookAtFiles();
  // How long nothing is to be done, in milliseconds; -1: for ever.
  int TimeToSleep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes what is posted or due; false when the loop is to end.
  bool TakeReady(std::vector<Task>& ready);
  void RunEndOfRound();
  // Whether the caller is to call Wake, once it has let go of the lock: the
  // loop would wake up only to wait for it.
  bool MustWake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  const int epoll_fd_;
  const int wake_fd_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<TimePoint, TimerId>, Task> timers_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerId, TimePoint> due_by_id_ ABSL_GUARDED_BY(mutex_);
  TimerId next_timer_id_ ABSL_GUARDED_BY(mutex_) = 1;
  // The loop sleeps, or is about to, and nobody has woken it yet.
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<int> waking_ = 0;  // those who must, and have not
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The loop's own.
  std::vector<Task> end_of_round_;
  // Shared, because one may unwatch itself while it is called.
  absl::flat_hash_map<int, std::shared_ptr<Ready>> watched_;

  std::thread thread_;  // last: starts when the rest is ready
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_EVENT_LOOP_H_
