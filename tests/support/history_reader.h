// ReadHistory: all that the history service says about one tenant.
#ifndef MQTTPUSH_TESTS_SUPPORT_HISTORY_READER_H_
#define MQTTPUSH_TESTS_SUPPORT_HISTORY_READER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/history_service.grpc.pb.h"

namespace mqttpush {

struct TenantHistory {
  std::vector<v1::Delivery> deliveries;  // newest accepted first
  // By the name of the delivery, in no particular order.
  std::map<std::string, std::vector<v1::Attempt>> attempts;
};

// Reads every page of both lists.
absl::StatusOr<TenantHistory> ReadHistory(
    const std::string& tenant_id, v1::HistoryService::StubInterface& history);

absl::StatusOr<v1::Delivery> ReadDelivery(
    const std::string& name, v1::HistoryService::StubInterface& history);

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp);
absl::Duration DurationOf(const google::protobuf::Duration& duration);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_HISTORY_READER_H_
