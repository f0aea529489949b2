// RefusalMemory: a bounded memory of refused events, for RefusedEvents.
#ifndef MQTTPUSH_SERVICES_API_REFUSAL_MEMORY_H_
#define MQTTPUSH_SERVICES_API_REFUSAL_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/api/refused_event.h"

namespace mqttpush {

// Thread-compatible.
class RefusalMemory {
 public:
  static constexpr size_t kMaxPerTenant = 1000;  // and of those of no tenant
  static constexpr size_t kMaxEvents = 10000;
  static constexpr absl::Duration kMaxAge = absl::Hours(24);

  enum class Repeats {
    kEach,  // is remembered
    kOnce,  // an event id of a tenant is remembered, with how often
  };
  explicit RefusalMemory(Repeats repeats) : repeats_(repeats) {}

  // In the order of their times.
  void Remember(RefusedEvent event);
  // Adds those of the tenant to `found`.
  void Find(int64_t tenant_uid, const RefusedEventQuery& query,
            std::vector<RefusedEvent>& found) const;
  // The time of the tenant's last that was forgotten; or InfinitePast.
  absl::Time ForgottenUntil(int64_t tenant_uid) const;
  int64_t forgotten_count() const { return forgotten_count_; }

 private:
  using EventKey = std::pair<int64_t, std::string>;  // tenant and event id

  // Counts on, and takes out, what `event` repeats.
  void TakeOutRepeated(RefusedEvent& event);
  void Forget(int64_t position);
  // Takes it out of all that is below.
  RefusedEvent Remove(int64_t position);

  const Repeats repeats_;
  int64_t next_position_ = 0;
  std::map<int64_t, RefusedEvent> events_;          // by position, oldest first
  std::map<int64_t, std::set<int64_t>> positions_;  // by tenant
  std::map<EventKey, int64_t> position_of_;         // only with kOnce
  std::map<int64_t, absl::Time> forgotten_until_;   // by tenant
  int64_t forgotten_count_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_REFUSAL_MEMORY_H_
