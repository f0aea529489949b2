// ResultPages: the delivery results of a tenant, page by page, as Flowcore's
// event source has them.
//
//   {"timeBuckets":["20261122080000"],"nextCursor":495321}
//   {"events":[…],"nextCursor":"48213"}
//
// nextCursor is absent at the end. Ids rise in the order in which results can
// be read first, so that none turns up behind one that was given out. Clients
// that follow go from hour to hour by their own clock, and never look back: an
// event that was on its way to the disk as the hour ended would be lost to
// them, as it would be where clocks differ, or where they slept for hours.
// Hence two rules:
//
// - Who says where they are (afterEventId) gets all that comes after it, up to
//   the end of the hour that they ask for, from earlier hours too.
// - While something of an hour that is over is on its way to the disk, nobody
//   is told what that hour holds, nor a later one: UNAVAILABLE, for a moment.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_PAGES_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_PAGES_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "services/flowcore/result_converter.h"
#include "services/flowcore/result_requests.h"
#include "storage/attempt_journal.h"

namespace mqttpush {

// Reads from disk. Errors are those of a log that cannot be read, or the
// UNAVAILABLE above. Thread-compatible.
class ResultPages {
 public:
  // A page ends with the event that makes it so large.
  static constexpr size_t kMaxBytes = 1 << 20;

  // `query` has the tenant, and since when results are shown. All must outlive
  // it.
  ResultPages(AttemptJournal& journal, const Clock& clock,
              const HistoryQuery& query, const ResultContext& context)
      : journal_(journal), clock_(clock), query_(query), context_(context) {}

  absl::StatusOr<std::string> TimeBuckets(const TimeBucketsRequest& request);
  absl::StatusOr<std::string> Events(const EventsRequest& request);

 private:
  // Of the hours up to this one, those that are over.
  absl::Status CheckSettled(int64_t last_hour) const;
  absl::StatusOr<std::string> OldestFirst(const EventsRequest& request,
                                          int64_t after, int64_t through);
  absl::StatusOr<std::string> NewestFirst(const EventsRequest& request,
                                          int64_t after, int64_t through);

  AttemptJournal& journal_;
  const Clock& clock_;
  const HistoryQuery& query_;
  const ResultContext& context_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_PAGES_H_
