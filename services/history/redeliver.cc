#include "services/history/redeliver.h"

#include <memory>
#include <utility>

#include "common/mutex.h"

namespace mqttpush {
namespace {

// Thread-safe.
class Answers {
 public:
  explicit Answers(size_t count) : missing_(count), answers_(count) {}

  void Set(size_t index, absl::Status answer) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    answers_[index] = std::move(answer);
    if (--missing_ == 0) complete_.Signal();
  }
  std::vector<absl::Status> Wait() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    while (missing_ > 0) complete_.Wait(&mutex_);
    return answers_;
  }

 private:
  Mutex mutex_;
  CondVar complete_;
  size_t missing_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Status> answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<absl::Status> RedeliverAll(const Redeliver& redeliver,
                                       const std::vector<DeliveryKey>& keys) {
  // Shared: the last one to answer may still be about to let go of it.
  auto answers = std::make_shared<Answers>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    redeliver(keys[i].subscription_uid, keys[i].event_seq,
              [answers, i](absl::Status answer) {
                answers->Set(i, std::move(answer));
              });
  }
  return answers->Wait();
}

}  // namespace mqttpush
