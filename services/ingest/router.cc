#include "services/ingest/router.h"

#include <utility>

namespace mqttpush {

std::shared_ptr<const RoutingTable> Router::Table() {
  // The snapshot is taken under the lock, so that a slow caller cannot put an
  // older table back.
  MutexLock lock(&mutex_);
  auto config = store_->Snapshot();
  if (config != config_) {
    table_ = std::make_shared<const RoutingTable>(*config, rules_);
    config_ = std::move(config);
  }
  return table_;
}

}  // namespace mqttpush
