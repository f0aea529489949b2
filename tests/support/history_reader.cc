#include "tests/support/history_reader.h"

#include "absl/strings/str_cat.h"
#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

absl::Status ReadDeliveries(const std::string& parent,
                            v1::HistoryService::StubInterface& stub,
                            TenantHistory& history) {
  v1::ListDeliveriesRequest request;
  request.set_parent(parent);
  do {
    const auto page =
        Call<v1::ListDeliveriesResponse>([&](auto* context, auto* response) {
          return stub.ListDeliveries(context, request, response);
        });
    if (!page.ok()) return page.status();
    history.deliveries.insert(history.deliveries.end(),
                              page->deliveries().begin(),
                              page->deliveries().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status ReadAttempts(const std::string& parent,
                          v1::HistoryService::StubInterface& stub,
                          TenantHistory& history) {
  v1::ListAttemptsRequest request;
  request.set_parent(parent);
  do {
    const auto page =
        Call<v1::ListAttemptsResponse>([&](auto* context, auto* response) {
          return stub.ListAttempts(context, request, response);
        });
    if (!page.ok()) return page.status();
    for (const v1::Attempt& attempt : page->attempts()) {
      const std::string delivery =
          attempt.name().substr(0, attempt.name().find("/attempts/"));
      history.attempts[delivery].push_back(attempt);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TenantHistory> ReadHistory(
    const std::string& tenant_id, v1::HistoryService::StubInterface& stub) {
  const std::string parent = absl::StrCat("tenants/", tenant_id);
  TenantHistory history;
  absl::Status status = ReadDeliveries(parent, stub, history);
  if (status.ok()) status = ReadAttempts(parent, stub, history);
  if (!status.ok()) return status;
  return history;
}

absl::StatusOr<v1::Delivery> ReadDelivery(
    const std::string& name, v1::HistoryService::StubInterface& stub) {
  v1::GetDeliveryRequest request;
  request.set_name(name);
  return Call<v1::Delivery>([&](auto* context, auto* response) {
    return stub.GetDelivery(context, request, response);
  });
}

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace mqttpush
