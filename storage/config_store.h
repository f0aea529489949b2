// ConfigStore: tenants, brokers and subscriptions, durable.
#ifndef MQTTPUSH_STORAGE_CONFIG_STORE_H_
#define MQTTPUSH_STORAGE_CONFIG_STORE_H_

#include <functional>
#include <memory>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/config_snapshot.h"
#include "storage/records.h"

namespace mqttpush {

// One change of one resource.
struct ConfigChange {
  struct DeleteTenant {
    int64_t uid;
    // Also deletes its brokers and subscriptions; otherwise it must have none.
    bool with_children = false;
  };
  struct DeleteBroker {
    int64_t uid;
  };
  struct DeleteSubscription {
    int64_t uid;
  };
  // The record of that uid is already as wanted: nothing is written and the
  // listener is not called.
  struct Keep {
    int64_t uid;
  };
  // A record with uid 0 is created: the store assigns the uid. Otherwise the
  // record of that uid is replaced.
  std::variant<TenantRecord, BrokerRecord, SubscriptionRecord, DeleteTenant,
               DeleteBroker, DeleteSubscription, Keep>
      change;
};

// Thread-safe.
class ConfigStore {
 public:
  virtual ~ConfigStore() = default;

  // The configuration as last committed; never nullptr. Takes no lock for
  // longer than a pointer copy.
  virtual std::shared_ptr<const ConfigSnapshot> Snapshot() const = 0;

  // Runs `decide` on the current configuration, alone, and commits (fsync) the
  // change it returns. All rules (names taken, etags, references) are checked
  // by `decide`, so that they hold at the moment of the change. Returns the new
  // configuration and the uid of the changed record; the listener has been
  // called with it by then. Returns `decide`'s error and changes nothing when
  // it fails; UNAVAILABLE when the change cannot be written.
  struct Applied {
    std::shared_ptr<const ConfigSnapshot> snapshot;
    int64_t uid = 0;
  };
  using Decide =
      absl::FunctionRef<absl::StatusOr<ConfigChange>(const ConfigSnapshot&)>;
  virtual absl::StatusOr<Applied> Apply(Decide decide) = 0;

  // Called with every new configuration, in order, on the thread of the change
  // and before Apply returns; must not call back into the store. Set once,
  // before the first Apply.
  using Listener = std::function<void(std::shared_ptr<const ConfigSnapshot>)>;
  virtual void SetListener(Listener listener) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_CONFIG_STORE_H_
