#include "tests/fault/round_history.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/support/rpc.h"

namespace mqttpush::fault {
namespace {

constexpr int kPageSize = 1'000;

// False when the page holds what is older than the round.
bool TakePage(const v1::ListDeliveriesResponse& page,
              const std::string& id_prefix, TenantHistory& history) {
  for (const v1::Delivery& delivery : page.deliveries()) {
    if (!absl::StartsWith(delivery.event_id(), id_prefix)) return false;
    history.deliveries.push_back(delivery);
    history.attempts[delivery.name()];
  }
  return !page.next_page_token().empty();
}

absl::Status ReadDeliveries(const std::string& parent,
                            const std::string& id_prefix,
                            v1::HistoryService::StubInterface& stub,
                            TenantHistory& history) {
  v1::ListDeliveriesRequest request;
  request.set_parent(parent);
  request.set_page_size(kPageSize);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const v1::ListDeliveriesResponse page,
        Call<v1::ListDeliveriesResponse>([&](auto* context, auto* response) {
          return stub.ListDeliveries(context, request, response);
        }));
    if (!TakePage(page, id_prefix, history)) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

// All of the tenant: they are in the order of their times, and the clock may
// have jumped.
absl::Status ReadAttempts(const std::string& parent,
                          v1::HistoryService::StubInterface& stub,
                          TenantHistory& history) {
  v1::ListAttemptsRequest request;
  request.set_parent(parent);
  request.set_page_size(kPageSize);
  do {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const v1::ListAttemptsResponse page,
        Call<v1::ListAttemptsResponse>([&](auto* context, auto* response) {
          return stub.ListAttempts(context, request, response);
        }));
    for (const v1::Attempt& attempt : page.attempts()) {
      const std::string delivery =
          attempt.name().substr(0, attempt.name().find("/attempts/"));
      const auto known = history.attempts.find(delivery);
      if (known != history.attempts.end()) known->second.push_back(attempt);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TenantHistory> ReadRoundHistory(
    const std::string& tenant_id, const std::string& id_prefix,
    v1::HistoryService::StubInterface& stub) {
  const std::string parent = absl::StrCat("tenants/", tenant_id);
  TenantHistory history;
  MQTTPUSH_RETURN_IF_ERROR(ReadDeliveries(parent, id_prefix, stub, history));
  MQTTPUSH_RETURN_IF_ERROR(ReadAttempts(parent, stub, history));
  return history;
}

}  // namespace mqttpush::fault
