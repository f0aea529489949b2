// Router: the routing table of the configuration in force.
#ifndef MQTTPUSH_SERVICES_INGEST_ROUTER_H_
#define MQTTPUSH_SERVICES_INGEST_ROUTER_H_

#include <memory>

#include "common/mutex.h"
#include "services/ingest/routing_table.h"
#include "storage/config_store.h"

namespace mqttpush {

// Thread-safe.
class Router {
 public:
  // `store` must outlive it.
  explicit Router(const ConfigStore* store, const QuotaRules& rules = {})
      : store_(store), rules_(rules) {}

  // The table of the newest configuration; never nullptr. Made again only when
  // the configuration has changed.
  std::shared_ptr<const RoutingTable> Table();

 private:
  const ConfigStore* const store_;
  const QuotaRules rules_;
  Mutex mutex_;
  // Kept, so that its address tells it from a later one.
  std::shared_ptr<const ConfigSnapshot> config_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const RoutingTable> table_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_ROUTER_H_
