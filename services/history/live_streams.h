// LiveStreams: the calls of a streaming method that are under way; who wakes
// them, and ends them all.
//
// server/ makes it before those who wake the streams, and ends it after them.
#ifndef MQTTPUSH_SERVICES_HISTORY_LIVE_STREAMS_H_
#define MQTTPUSH_SERVICES_HISTORY_LIVE_STREAMS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe.
class LiveStreams {
 public:
  // Thread-safe; neither call blocks.
  class Stream {
   public:
    virtual ~Stream() = default;
    // There may be more to say of its subject.
    virtual void Wake() = 0;
    virtual void End(absl::Status status) = 0;
  };

  // At most `limit` calls of `method` at once.
  LiveStreams(absl::string_view method, int limit)
      : method_(method), limit_(limit) {}

  // `subject_uid`: what it is about, for Wake. RESOURCE_EXHAUSTED when there
  // are as many as the limit; UNAVAILABLE once all were ended.
  absl::Status Add(int64_t subject_uid, std::shared_ptr<Stream> stream)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const Stream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // Those about one of these, which are in order. A stream that is busy only
  // notes it, so that many calls cost it one read.
  void Wake(const std::vector<int64_t>& subject_uids)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all of them, as the service stops, and takes no more.
  void EndAll() ABSL_LOCKS_EXCLUDED(mutex_);

  int count() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    int64_t subject_uid = 0;
    std::shared_ptr<Stream> stream;
  };

  const std::string method_;
  const int limit_;
  mutable Mutex mutex_;
  std::map<const Stream*, Entry> streams_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_LIVE_STREAMS_H_
