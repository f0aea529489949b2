// How the counts of a minute lie in a segment: one row for each subscription,
// minute and object type, added to with each commit; of a sealed segment also
// one for each hour. Beside them, by the hour from the first, one for each
// topic that has counts of its own.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/topic_slots.h"
#include "storage/stats_reader.h"

namespace mqttpush {

// What one commit adds to the counts.
class StatsOfCommit {
 public:
  struct Key {
    int64_t subscription_uid = 0;
    int64_t minute = 0;  // since the Unix epoch
    ObjectType object_type = ObjectType::kAsset;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H hash, const Key& key) {
      return H::combine(std::move(hash), key.subscription_uid, key.minute,
                        key.object_type);
    }
  };
  // What is done at one topic in an hour.
  struct TopicTally {
    int64_t subscription_uid = 0;
    int64_t hour = 0;  // since the Unix epoch
    int64_t topic_key = 0;
    absl::string_view topic;
    TopicCounts counts;
  };
  // The counts to add to.
  DeliveryCounts& At(int64_t subscription_uid, absl::Time time,
                     ObjectType object_type) {
    return counts_[{subscription_uid, absl::ToUnixSeconds(time) / 60,
                    object_type}];
  }
  // Likewise, until the next call. `topic` must stay until they are written.
  TopicCounts& AtTopic(int64_t subscription_uid, absl::Time time,
                       absl::string_view topic);
  const absl::flat_hash_map<Key, DeliveryCounts>& counts() const {
    return counts_;
  }
  // In the order in which they came.
  const std::vector<TopicTally>& topics() const { return topics_; }

 private:
  absl::flat_hash_map<Key, DeliveryCounts> counts_;
  std::vector<TopicTally> topics_;
  // Positions in it, by subscription, hour and topic_key.
  absl::flat_hash_map<std::tuple<int64_t, int64_t, int64_t>, size_t>
      topic_positions_;
};

// The statement that adds a row's counts to the table of minutes, and its
// parameters.
const std::string& AddMinuteSql();
void BindMinute(const StatsOfCommit::Key& key, const DeliveryCounts& counts,
                Statement* add);

// The same for the table of topics.
inline constexpr char kAddTopicSql[] =
    "INSERT INTO stats_topic (subscription_uid, hour, topic, delivered, "
    "delivered_bytes, failed, parked) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET delivered = delivered + excluded.delivered, "
    "delivered_bytes = delivered_bytes + excluded.delivered_bytes, "
    "failed = failed + excluded.failed, parked = parked + excluded.parked";
void BindTopic(const StatsOfCommit::TopicTally& tally, Statement* add);

// Takes the slots of the topics that the table has.
absl::Status LoadTopicSlots(Database& db, TopicSlots& slots);

// Fills the table of hours from that of minutes.
const std::string& FillHoursSql();

// Rows of a subscription from one minute (hour) to another, exclusive: number
// of the minute (hour), object type, then the counts. By hours of a segment
// that has no table of hours yet, they are added up from its minutes.
enum class StatsTable { kMinutes, kHours, kMinutesByHour };
const std::string& SelectStatsSql(StatsTable table);
DeliveryCounts ReadCounts(const Statement& row);  // from column 2 on

// Topics of a subscription from one hour to another, exclusive, then the
// counts.
const std::string& SelectTopicsSql();
TopicCounts ReadTopicCounts(const Statement& row);  // from column 1 on

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_
