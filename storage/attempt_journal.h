// AttemptJournal: attempts by when they were recorded.
//
// That is a time in ticks (common/ticks.h), which rises with attempt_seq and is
// never the same twice (AttemptRecording).
#ifndef MQTTPUSH_STORAGE_ATTEMPT_JOURNAL_H_
#define MQTTPUSH_STORAGE_ATTEMPT_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ticks.h"
#include "storage/history_reader.h"

namespace mqttpush {

// An attempt, whosever it is.
struct JournalRow {
  int64_t tenant_uid = 0;
  AttemptRow row;
};

// Thread-safe. Errors are those of a log that cannot be read.
class AttemptJournal {
 public:
  virtual ~AttemptJournal() = default;

  // Every attempt recorded before it that there will ever be can be read now.
  // Asked before what is read: one that is on its way to the disk is recorded
  // already.
  virtual int64_t SettledBefore() const = 0;

  // The hours since the Unix epoch, from `first` to `last`, in which attempts
  // of the tenant were recorded that are in the log still, rising. In some of
  // the oldest all may have been dropped since.
  virtual absl::StatusOr<std::vector<int64_t>> ListHours(int64_t tenant_uid,
                                                         int64_t first,
                                                         int64_t last) = 0;

  // The attempt_seq after which the attempts recorded at `ticks` or later
  // begin, whosever they are.
  virtual absl::StatusOr<int64_t> FindBefore(int64_t ticks) = 0;

  // The attempts after `after` up to `through`, both attempt_seqs, that match.
  virtual std::unique_ptr<AttemptFollower> Follow(const HistoryQuery& query,
                                                  int64_t after,
                                                  int64_t through) = 0;

  // The next attempts after `after`, an attempt_seq, of all tenants: at most
  // `limit`.
  virtual absl::StatusOr<std::vector<JournalRow>> ReadAfter(int64_t after,
                                                            int limit) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_ATTEMPT_JOURNAL_H_
