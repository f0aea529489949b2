#include "workers/supervisor/connect_permits.h"

#include "common/steady_time.h"

namespace mqttpush {

void ConnectPermits::Ask(int64_t worker_id, absl::string_view host, int port,
                         int connections) {
  governor_.Add(worker_id, host, port, connections);
  GiveDue();
}

void ConnectPermits::GiveDue() {
  loop_->CancelTimer(timer_);
  const absl::Duration now = SteadyNow();
  for (int64_t worker_id : governor_.TakeDue(now)) permit_(worker_id);
  const absl::Duration delay = governor_.NextDelay(now);
  if (delay == absl::InfiniteDuration()) return;
  timer_ = loop_->PostAfter(delay, [this] { GiveDue(); });
}

}  // namespace mqttpush
