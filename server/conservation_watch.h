// ConservationWatch: runs the conservation audit all the time, and makes a
// noise when something is lost.
#ifndef MQTTPUSH_SERVER_CONSERVATION_WATCH_H_
#define MQTTPUSH_SERVER_CONSERVATION_WATCH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "storage/conservation_audit.h"

namespace mqttpush {

// For export.
struct ConservationCounters {
  int64_t audits = 0;                            // completed
  int64_t violations = 0;                        // errors logged
  int64_t differences = 0;                       // in the last audit
  absl::Time audit_time = absl::InfinitePast();  // of the last audit
};

// Logs each difference once as an error "conservation_violated", and again when
// it grows or shrinks; its end as "conservation_restored". Each hour one line
// says how much was audited. Thread-safe.
class ConservationWatch {
 public:
  // Starts a thread. An audit begins `interval` after the one before; all of it
  // takes at most a tenth of one core. `clock` must outlive the watch.
  ConservationWatch(std::unique_ptr<ConservationAudit> audit,
                    absl::Duration interval, const Clock* clock);
  // Ends after the step under way.
  ~ConservationWatch();

  ConservationCounters counters() const;

 private:
  void Run();
  // False: it is to end.
  bool Rest(absl::Duration duration);
  // Returns how long to wait for the next step.
  absl::Duration RunStep();
  void Take(const ConservationReport& report);
  void LogChanges(const ConservationReport& report);
  void LogSummary(const ConservationReport& report, absl::Time now);
  void NoteFailure(const absl::Status& status);

  const std::unique_ptr<ConservationAudit> audit_;
  const absl::Duration interval_;
  const Clock* const clock_;

  // Only the watch's own thread uses these.
  using Key = std::pair<int64_t, std::string>;  // subscription uid, count
  std::map<Key, ConservationDifference> known_;
  std::string last_failure_;
  absl::Time last_info_ = absl::InfinitePast();

  mutable Mutex mutex_;
  CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  ConservationCounters counters_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: starts when the rest is ready
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_CONSERVATION_WATCH_H_
