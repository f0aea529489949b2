// QuotaGate: holds each tenant to its quota, before anything of a batch goes to
// the log, which all tenants share.
#ifndef MQTTPUSH_SERVICES_INGEST_QUOTA_GATE_H_
#define MQTTPUSH_SERVICES_INGEST_QUOTA_GATE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "common/steady_time.h"
#include "services/ingest/admission.h"
#include "services/ingest/routing_table.h"
#include "services/ingest/token_bucket.h"
#include "storage/event_log.h"

namespace mqttpush {

// Thread-safe. One lock for each tenant of a batch, none for its events.
class QuotaGate {
 public:
  using Now = std::function<absl::Duration()>;  // of a steady clock

  // `log` must outlive the calls of Enter.
  explicit QuotaGate(const EventLog* log, Now now = SteadyNow)
      : log_(log), now_(std::move(now)) {}

  // Takes what it admits off the rate, and counts it in the outbox until Leave.
  struct Entry {
    Admission admission;
    absl::Status error;  // of the events that are not admitted
  };
  Entry Enter(const RoutedTenant& tenant, const std::vector<EventLoad>& loads,
              Admit how);
  // What was admitted is in the log, or will not be.
  void Leave(int64_t tenant_uid, const Outbox& load);
  // What was admitted does not go to the log after all, and counts nowhere.
  void GiveBack(const RoutedTenant& tenant, const Admission& admission);

 private:
  struct State {
    TokenBucket bucket;
    Outbox entering;  // on its way into the log
    int level = 0;    // of the outbox, as last seen
    absl::Duration next_full_report = -absl::InfiniteDuration();
  };
  struct Decision {
    Admission admission;
    Outbox outbox;        // with what is admitted
    absl::Duration wait;  // until the rate lets in what is not
    int level = 0;        // to be said; 0: nothing is
  };
  Decision Decide(const RoutedTenant& tenant,
                  const std::vector<EventLoad>& loads, Admit how);
  // The level that is to be said now; 0 when there is none.
  static int NoteLevel(int used_percent, Limit limit, absl::Duration now,
                       State& state);

  const EventLog* const log_;
  const Now now_;
  Mutex mutex_;
  absl::flat_hash_map<int64_t, State> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_QUOTA_GATE_H_
