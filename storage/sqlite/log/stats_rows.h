// How the counts of a minute lie in a segment: one row for each subscription,
// minute and object type, added to with each commit; of a sealed segment also
// one for each hour.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_

#include <cstdint>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "storage/sqlite/database.h"
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
  // The counts to add to.
  DeliveryCounts& At(int64_t subscription_uid, absl::Time time,
                     ObjectType object_type) {
    return counts_[{subscription_uid, absl::ToUnixSeconds(time) / 60,
                    object_type}];
  }
  const absl::flat_hash_map<Key, DeliveryCounts>& counts() const {
    return counts_;
  }

 private:
  absl::flat_hash_map<Key, DeliveryCounts> counts_;
};

// The statement that adds a row's counts to the table of minutes, and its
// parameters.
const std::string& AddMinuteSql();
void BindMinute(const StatsOfCommit::Key& key, const DeliveryCounts& counts,
                Statement* add);

// Fills the table of hours from that of minutes.
const std::string& FillHoursSql();

// Rows of a subscription from one minute (hour) to another, exclusive: number
// of the minute (hour), object type, then the counts. By hours of a segment
// that has no table of hours yet, they are added up from its minutes.
enum class StatsTable { kMinutes, kHours, kMinutesByHour };
const std::string& SelectStatsSql(StatsTable table);
DeliveryCounts ReadCounts(const Statement& row);  // from column 2 on

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_STATS_ROWS_H_
