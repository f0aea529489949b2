#include "services/flowcore/read_permits.h"

namespace mqttpush {

ReadPermits::ReadPermits(int most_of_one) : most_of_one_(most_of_one) {}

std::shared_ptr<const void> ReadPermits::Take(const std::string& tenant) {
  {
    MutexLock lock(&counts_->mutex);
    int& taken = counts_->taken[tenant];
    if (taken >= most_of_one_) return nullptr;
    ++taken;
  }
  return std::shared_ptr<const void>(
      counts_.get(),
      [counts = counts_, tenant](const void*) { GiveBack(*counts, tenant); });
}

void ReadPermits::GiveBack(Counts& counts, const std::string& tenant) {
  MutexLock lock(&counts.mutex);
  const auto taken = counts.taken.find(tenant);
  if (--taken->second == 0) counts.taken.erase(taken);
}

}  // namespace mqttpush
