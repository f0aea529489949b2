// ReadPermits: how many reads of each tenant may be under way at once.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_READ_PERMITS_H_
#define MQTTPUSH_SERVICES_FLOWCORE_READ_PERMITS_H_

#include <map>
#include <memory>
#include <string>

#include "common/mutex.h"

namespace mqttpush {

// Thread-safe; permits may outlive it.
class ReadPermits {
 public:
  explicit ReadPermits(int most_of_one);

  // Counts until the last copy has gone; null when the tenant has as many as it
  // may.
  std::shared_ptr<const void> Take(const std::string& tenant);

 private:
  struct Counts {
    Mutex mutex;
    std::map<std::string, int> taken ABSL_GUARDED_BY(mutex);
  };
  static void GiveBack(Counts& counts, const std::string& tenant);

  const int most_of_one_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_READ_PERMITS_H_
