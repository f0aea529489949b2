// ReadRoundHistory: what the history service says about one round.
#ifndef MQTTPUSH_TESTS_FAULT_ROUND_HISTORY_H_
#define MQTTPUSH_TESTS_FAULT_ROUND_HISTORY_H_

#include <string>

#include "absl/status/statusor.h"
#include "tests/support/history_reader.h"

namespace mqttpush::fault {

// The newest deliveries of the tenant, as far as their event ids begin with
// `id_prefix`, with all their attempts.
absl::StatusOr<TenantHistory> ReadRoundHistory(
    const std::string& tenant_id, const std::string& id_prefix,
    v1::HistoryService::StubInterface& history);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_ROUND_HISTORY_H_
