// ThreadPool: a few threads for work that blocks, so that gRPC's own do not.
#ifndef MQTTPUSH_COMMON_THREAD_POOL_H_
#define MQTTPUSH_COMMON_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace mqttpush {

// Thread-safe.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  // Runs what was posted, then ends the threads.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Post(std::function<void()> task);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_THREAD_POOL_H_
