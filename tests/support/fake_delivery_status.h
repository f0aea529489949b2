// FakeDeliveryStatus: links and in-flight events as the test says.
#ifndef MQTTPUSH_TESTS_SUPPORT_FAKE_DELIVERY_STATUS_H_
#define MQTTPUSH_TESTS_SUPPORT_FAKE_DELIVERY_STATUS_H_

#include <map>
#include <string>
#include <vector>

#include "common/delivery_status.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe.
class FakeDeliveryStatus : public DeliveryStatus {
 public:
  void SetLink(int64_t broker_uid, LinkStatus link) {
    MutexLock lock(&mutex_);
    links_[broker_uid] = std::move(link);
  }
  void SetInFlight(int64_t subscription_uid, std::vector<int64_t> seqs,
                   absl::Time since = absl::InfinitePast()) {
    MutexLock lock(&mutex_);
    in_flight_[subscription_uid] = {std::move(seqs), since};
  }
  void SetIncompatibility(int64_t subscription_uid, std::string words) {
    MutexLock lock(&mutex_);
    incompatibilities_[subscription_uid] = std::move(words);
  }

  LinkStatus GetLink(int64_t broker_uid) const override {
    MutexLock lock(&mutex_);
    auto it = links_.find(broker_uid);
    return it == links_.end() ? LinkStatus() : it->second;
  }
  std::vector<int64_t> ListInFlight(int64_t subscription_uid) const override {
    MutexLock lock(&mutex_);
    auto it = in_flight_.find(subscription_uid);
    return it == in_flight_.end() ? std::vector<int64_t>() : it->second.seqs;
  }
  absl::Time GetInFlightSince(int64_t subscription_uid,
                              int64_t) const override {
    MutexLock lock(&mutex_);
    auto it = in_flight_.find(subscription_uid);
    return it == in_flight_.end() ? absl::InfinitePast() : it->second.since;
  }
  std::string GetIncompatibility(int64_t subscription_uid) const override {
    MutexLock lock(&mutex_);
    auto it = incompatibilities_.find(subscription_uid);
    return it == incompatibilities_.end() ? "" : it->second;
  }

 private:
  struct InFlight {
    std::vector<int64_t> seqs;
    absl::Time since = absl::InfinitePast();
  };

  mutable Mutex mutex_;
  std::map<int64_t, LinkStatus> links_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, std::string> incompatibilities_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_FAKE_DELIVERY_STATUS_H_
