// HistoryFilter by options: those that history, stream and replay share.
#ifndef MQTTPUSH_CLI_HISTORY_FILTER_H_
#define MQTTPUSH_CLI_HISTORY_FILTER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {

struct FilterOptions {
  std::string start;
  std::string end;
  std::string subscription;
  std::string type;
  std::string asset;
  std::string event;
  std::string topic;
};

// -s, -e, --subscription, --type, --asset, --event, --topic. `of` says which
// time is meant, as "were accepted".
void AddFilterOptions(Command& command, const std::string& of,
                      FilterOptions* options);

// `tenant` is a full name. INVALID_ARGUMENT names the option.
absl::StatusOr<v1::HistoryFilter> ReadFilter(const FilterOptions& options,
                                             const std::string& tenant,
                                             absl::Time now);

// The parent that a person typed: a tenant, or one of its deliveries.
absl::StatusOr<std::string> TenantOrDelivery(const std::string& text);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_HISTORY_FILTER_H_
