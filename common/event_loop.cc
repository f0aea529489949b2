#include "common/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <utility>

namespace mqttpush {
namespace {

// Without them the process can do nothing at all.
int MustOpen(int fd) {
  if (fd < 0) abort();
  return fd;
}

void Control(int epoll_fd, int operation, int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) abort();
}

}  // namespace

EventLoop::EventLoop()
    : epoll_fd_(MustOpen(epoll_create1(EPOLL_CLOEXEC))),
      wake_fd_(MustOpen(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  // At its edge: each write wakes once, and nobody need read it.
  Control(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, EPOLLIN | EPOLLET);
  thread_ = std::thread([this] { Run(); });
}

EventLoop::~EventLoop() {
  Stop();
  while (waking_ > 0) std::this_thread::yield();
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::Post(Task task) {
  bool wake;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    posted_.push_back(std::move(task));
    wake = MustWake();
  }
  if (wake) Wake();
}

EventLoop::TimerId EventLoop::PostAfter(absl::Duration delay, Task task) {
  TimePoint due =
      std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(delay);
  TimerId id;
  bool wake;
  {
    MutexLock lock(&mutex_);
    id = next_timer_id_++;
    if (stopping_) return id;
    auto timer = timers_.emplace(std::make_pair(due, id), std::move(task));
    due_by_id_.emplace(id, due);
    wake = timer.first == timers_.begin() && MustWake();
  }
  if (wake) Wake();
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
  bool wake;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    posted_.push_back([this, &task, &done] {
      task();
      MutexLock done_lock(&mutex_);
      done = true;
      changed_.SignalAll();
    });
    wake = MustWake();
  }
  if (wake) Wake();
  MutexLock lock(&mutex_);
  while (!done) changed_.Wait(&mutex_);
}

void EventLoop::Stop() {
  bool wake;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake = MustWake();
  }
  if (wake) Wake();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Watch(int fd, Ready ready) {
  watched_[fd] = std::make_shared<Ready>(std::move(ready));
  Control(epoll_fd_, EPOLL_CTL_ADD, fd, EPOLLIN);
}

void EventLoop::WatchWrites(int fd, bool on) {
  Control(epoll_fd_, EPOLL_CTL_MOD, fd, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void EventLoop::Unwatch(int fd) {
  if (watched_.erase(fd) > 0) Control(epoll_fd_, EPOLL_CTL_DEL, fd, 0);
}

bool EventLoop::MustWake() {
  if (!std::exchange(sleeping_, false)) return false;
  ++waking_;
  return true;
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  // It could fail only after 2^64 wakes.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
  --waking_;
}

void EventLoop::Run() {
  std::vector<Task> ready;
  bool stopping = false;
  while (!stopping) {
    LookAtFiles();
    stopping = !TakeReady(ready);
    for (Task& task : ready) task();
    ready.clear();
    RunEndOfRound();
  }
}

void EventLoop::LookAtFiles() {
  int sleep;
  {
    MutexLock lock(&mutex_);
    sleep = TimeToSleep();
    sleeping_ = sleep != 0;
  }
  std::array<epoll_event, 128> events;
  const int count = epoll_wait(epoll_fd_, events.data(), events.size(), sleep);
  if (sleep != 0) {
    MutexLock lock(&mutex_);
    sleeping_ = false;
  }
  for (int i = 0; i < count; ++i) {
    auto found = watched_.find(events[i].data.fd);
    if (found == watched_.end()) continue;
    const std::shared_ptr<Ready> ready = found->second;
    (*ready)(events[i].events);
  }
}

int EventLoop::TimeToSleep() {
  if (stopping_ || !posted_.empty()) return 0;
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      timers_.begin()->first.first - std::chrono::steady_clock::now());
  return static_cast<int>(
      std::clamp<int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

bool EventLoop::TakeReady(std::vector<Task>& ready) {
  MutexLock lock(&mutex_);
  ready.swap(posted_);
  if (stopping_) return !ready.empty();
  if (timers_.empty()) return true;
  const TimePoint now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto due = timers_.begin();
    due_by_id_.erase(due->first.second);
    ready.push_back(std::move(due->second));
    timers_.erase(due);
  }
  return true;
}

// What is left meanwhile belongs to the same round.
void EventLoop::RunEndOfRound() {
  std::vector<Task> tasks;
  while (!end_of_round_.empty()) {
    tasks.swap(end_of_round_);
    for (Task& task : tasks) task();
    tasks.clear();
  }
}

}  // namespace mqttpush
