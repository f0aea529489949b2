#include "common/thread_pool.h"

#include <utility>

namespace mqttpush {

ThreadPool::ThreadPool(int threads, int most_of_one)
    : most_of_one_(most_of_one) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::Post(const std::string& whose, std::function<void()> task,
                      size_t most_waiting) {
  MutexLock lock(&mutex_);
  const auto queue = queues_.try_emplace(whose).first;
  if (queue->second.waiting.size() >= most_waiting) return false;
  queue->second.waiting.push_back(std::move(task));
  GiveTurn(queue);
  return true;
}

void ThreadPool::GiveTurn(Queues::iterator queue) {
  Queue& tasks = queue->second;
  if (tasks.has_turn || tasks.waiting.empty() ||
      tasks.running >= most_of_one_) {
    return;
  }
  tasks.has_turn = true;
  turns_.push_back(queue);
  changed_.Signal();
}

// Threads that find nobody's turn end, and leave what is held back to the one
// that runs what holds it.
std::optional<ThreadPool::Started> ThreadPool::Start() {
  MutexLock lock(&mutex_);
  while (turns_.empty() && !stopping_) changed_.Wait(&mutex_);
  if (turns_.empty()) return std::nullopt;
  const Queues::iterator queue = turns_.front();
  turns_.pop_front();
  Queue& tasks = queue->second;
  tasks.has_turn = false;
  ++tasks.running;
  Started started = {queue, std::move(tasks.waiting.front())};
  tasks.waiting.pop_front();
  GiveTurn(queue);  // behind all others
  return started;
}

void ThreadPool::Ended(Queues::iterator queue) {
  MutexLock lock(&mutex_);
  Queue& tasks = queue->second;
  --tasks.running;
  GiveTurn(queue);
  if (tasks.running == 0 && tasks.waiting.empty()) queues_.erase(queue);
}

void ThreadPool::Run() {
  while (std::optional<Started> started = Start()) {
    started->task();
    started->task = nullptr;  // and what it holds
    Ended(started->queue);
  }
}

}  // namespace mqttpush
