#include "common/event_loop.h"

#include <utility>

namespace mqttpush {

EventLoop::EventLoop() : thread_([this] { Run(); }) {}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Post(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_) return;
  posted_.push_back(std::move(task));
  if (posted_.size() == 1) changed_.SignalAll();
}

EventLoop::TimerId EventLoop::PostAfter(absl::Duration delay, Task task) {
  TimePoint due =
      std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(delay);
  MutexLock lock(&mutex_);
  TimerId id = next_timer_id_++;
  if (stopping_) return id;
  timers_.emplace(std::make_pair(due, id), std::move(task));
  due_by_id_.emplace(id, due);
  changed_.SignalAll();
  return id;
}

void EventLoop::CancelTimer(TimerId id) {
  MutexLock lock(&mutex_);
  auto due = due_by_id_.find(id);
  if (due == due_by_id_.end()) return;
  timers_.erase({due->second, id});
  due_by_id_.erase(due);
}

void EventLoop::RunAndWait(Task task) {
  bool done = false;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    posted_.push_back([this, &task, &done] {
      task();
      MutexLock done_lock(&mutex_);
      done = true;
      changed_.SignalAll();
    });
    changed_.SignalAll();
    while (!done) changed_.Wait(&mutex_);
  }
}

void EventLoop::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Run() {
  std::vector<Task> ready;
  while (TakeReady(ready)) {
    for (Task& task : ready) task();
    ready.clear();
  }
}

bool EventLoop::TakeReady(std::vector<Task>& ready) {
  MutexLock lock(&mutex_);
  while (true) {
    ready.swap(posted_);
    const TimePoint now = std::chrono::steady_clock::now();
    while (!stopping_ && !timers_.empty() &&
           timers_.begin()->first.first <= now) {
      auto due = timers_.begin();
      due_by_id_.erase(due->first.second);
      ready.push_back(std::move(due->second));
      timers_.erase(due);
    }
    if (!ready.empty()) return true;
    if (stopping_) return false;
    if (timers_.empty()) {
      changed_.Wait(&mutex_);
    } else {
      changed_.WaitFor(&mutex_,
                       absl::FromChrono(timers_.begin()->first.first - now));
    }
  }
}

}  // namespace mqttpush
