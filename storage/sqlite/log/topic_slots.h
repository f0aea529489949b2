// TopicSlots: which topics have counts of their own in the newest segment. A
// customer may have a topic for each asset, so of a subscription and hour these
// are the first so many: those of a subscription with a few fixed topics, and a
// sample of the others. What the rest has is in the counts of all topics.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_TOPIC_SLOTS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_TOPIC_SLOTS_H_

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "storage/sqlite/log/posting.h"

namespace mqttpush {

// Thread-compatible.
class TopicSlots {
 public:
  static int64_t KeyOf(int64_t subscription_uid, absl::string_view topic) {
    return TextKey(subscription_uid, topic);
  }
  // Whether the topic of this key has counts of its own. It gets them while
  // there is room, and keeps them.
  bool Take(int64_t subscription_uid, int64_t hour, int64_t topic_key) {
    auto& taken = taken_[{subscription_uid, hour}];
    if (taken.size() >= limits::kMaxStatsTopicsPerHour) {
      return taken.contains(topic_key);
    }
    taken.insert(topic_key);
    return true;
  }

 private:
  // Topics by subscription and hour: at most as many as the segment has
  // attempts.
  absl::flat_hash_map<std::pair<int64_t, int64_t>, absl::flat_hash_set<int64_t>>
      taken_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_TOPIC_SLOTS_H_
