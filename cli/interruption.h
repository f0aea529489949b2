// Interruption: Ctrl-C, told to the call that is under way.
#ifndef MQTTPUSH_CLI_INTERRUPTION_H_
#define MQTTPUSH_CLI_INTERRUPTION_H_

#include <functional>
#include <utility>

#include "absl/time/time.h"
#include "common/mutex.h"

namespace mqttpush::cli {

// Thread-safe.
class Interruption {
 public:
  // While one lives, an interruption calls its function, under a lock of this,
  // instead of ending the
  // program; at once when it came before. One at a time.
  class Listener {
   public:
    Listener(Interruption& interruption, std::function<void()> function)
        : interruption_(interruption) {
      interruption_.SetFunction(std::move(function));
    }
    ~Listener() { interruption_.SetFunction(nullptr); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Interruption& interruption_;
  };

  // What Ctrl-C does. False when nobody listens: then the program should end.
  bool Interrupt();
  bool interrupted() const;
  // False when an interruption came first.
  bool WaitFor(absl::Duration time) const;

 private:
  void SetFunction(std::function<void()> function);

  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> function_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_INTERRUPTION_H_
