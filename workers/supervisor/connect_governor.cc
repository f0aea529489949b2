#include "workers/supervisor/connect_governor.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {

void ConnectGovernor::Add(int64_t worker_id, absl::string_view host, int port,
                          int connections) {
  hosts_[absl::StrCat(absl::AsciiStrToLower(host), ":", port)].line.push_back(
      {worker_id, connections});
}

int ConnectGovernor::Remove(int64_t worker_id) {
  int removed = 0;
  for (auto& [name, host] : hosts_) {
    removed += static_cast<int>(
        std::erase_if(host.line, [worker_id](const Request& request) {
          return request.worker_id == worker_id;
        }));
  }
  return removed;
}

std::vector<int64_t> ConnectGovernor::TakeDue(absl::Duration now) {
  std::vector<int64_t> due;
  for (auto& [name, host] : hosts_) {
    while (!host.line.empty() && Wait(host, now) <= absl::ZeroDuration()) {
      const Request request = host.line.front();
      host.line.pop_front();
      due.push_back(request.worker_id);
      host.full_time =
          std::max(host.full_time, now) + request.connections * interval_;
    }
  }
  // A host with a full bucket is like one that was never called.
  std::erase_if(hosts_, [now](const auto& entry) {
    return entry.second.line.empty() && entry.second.full_time <= now;
  });
  return due;
}

absl::Duration ConnectGovernor::NextDelay(absl::Duration now) const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [name, host] : hosts_) {
    if (!host.line.empty()) next = std::min(next, Wait(host, now));
  }
  return std::max(next, absl::ZeroDuration());
}

// Until the bucket holds a whole call; 0 or less when it does.
absl::Duration ConnectGovernor::Wait(const Host& host,
                                     absl::Duration now) const {
  return host.full_time - (kBurst - 1) * interval_ - now;
}

}  // namespace mqttpush
