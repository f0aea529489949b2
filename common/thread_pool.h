// ThreadPool: a few threads for work that blocks, so that gRPC's own do not,
// shared fairly between those for whom it is done.
#ifndef MQTTPUSH_COMMON_THREAD_POOL_H_
#define MQTTPUSH_COMMON_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace mqttpush {

// Tasks belong to somebody, such as a tenant. Whoever has tasks waiting gets
// one started in turn, and at most so many run at once that a thread is left
// to others. Those of one start in the order in which they were posted.
// Thread-safe.
class ThreadPool {
 public:
  static constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

  // Of one at most `most_of_one` tasks run at once.
  ThreadPool(int threads, int most_of_one);
  // Runs what was posted, then ends the threads.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False, and nothing is done, when `most_waiting` tasks of `whose` wait.
  bool Post(const std::string& whose, std::function<void()> task,
            size_t most_waiting = kAnyNumber) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Queue {
    std::deque<std::function<void()>> waiting;
    int running = 0;
    bool has_turn = false;  // is in turns_
  };
  using Queues = std::map<std::string, Queue>;

  struct Started {
    Queues::iterator queue;
    std::function<void()> task;
  };

  void Run();
  // Waits for it; absent: the thread is to end.
  std::optional<Started> Start() ABSL_LOCKS_EXCLUDED(mutex_);
  void Ended(Queues::iterator queue) ABSL_LOCKS_EXCLUDED(mutex_);
  // If it has one to start.
  void GiveTurn(Queues::iterator queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int most_of_one_;
  Mutex mutex_;
  CondVar changed_;
  // Of those only who have tasks that wait or run.
  Queues queues_ ABSL_GUARDED_BY(mutex_);
  // Whose next task may start.
  std::deque<Queues::iterator> turns_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_THREAD_POOL_H_
