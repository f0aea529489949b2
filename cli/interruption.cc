#include "cli/interruption.h"

#include "common/clock.h"

namespace mqttpush::cli {

bool Interruption::Interrupt() {
  MutexLock lock(&mutex_);
  interrupted_ = true;
  changed_.SignalAll();
  if (function_ == nullptr) return false;
  function_();
  return true;
}

bool Interruption::interrupted() const {
  MutexLock lock(&mutex_);
  return interrupted_;
}

bool Interruption::WaitFor(absl::Duration time) const {
  MutexLock lock(&mutex_);
  const absl::Time end = Clock::Real()->Now() + time;
  while (!interrupted_) {
    const absl::Duration left = end - Clock::Real()->Now();
    if (left <= absl::ZeroDuration()) return true;
    changed_.WaitFor(&mutex_, left);
  }
  return false;
}

void Interruption::SetFunction(std::function<void()> function) {
  MutexLock lock(&mutex_);
  function_ = std::move(function);
  if (function_ != nullptr && interrupted_) function_();
}

}  // namespace mqttpush::cli
