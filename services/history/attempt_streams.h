// AttemptStreams: the StreamAttempts calls under way; who wakes them, and ends
// them all.
//
// server/ makes it before the log, whose writer wakes the streams, and ends it
// after.
#ifndef MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAMS_H_
#define MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAMS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "common/limits.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe.
class AttemptStreams {
 public:
  // Thread-safe; neither call blocks.
  class Stream {
   public:
    virtual ~Stream() = default;
    // There may be more attempts of its tenant.
    virtual void Wake() = 0;
    virtual void End(absl::Status status) = 0;
  };

  explicit AttemptStreams(int limit = limits::kMaxAttemptStreams)
      : limit_(limit) {}

  // RESOURCE_EXHAUSTED when there are as many as the limit; UNAVAILABLE once
  // all were ended.
  absl::Status Add(int64_t tenant_uid, std::shared_ptr<Stream> stream)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const Stream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // Called for each commit of attempts, on the log's writer thread. A stream
  // that is busy only notes it, so that many commits cost it one read.
  void Wake(const std::vector<int64_t>& tenant_uids)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all of them, as the service stops, and takes no more.
  void EndAll() ABSL_LOCKS_EXCLUDED(mutex_);

  int count() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    int64_t tenant_uid = 0;
    std::shared_ptr<Stream> stream;
  };

  const int limit_;
  mutable Mutex mutex_;
  std::map<const Stream*, Entry> streams_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAMS_H_
