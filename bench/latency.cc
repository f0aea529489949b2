#include "bench/latency.h"

#include <algorithm>

#include "bench/sample_events.h"
#include "common/status_macros.h"
#include "tests/support/history_reader.h"
#include "tests/support/rpc.h"

namespace mqttpush::bench {
namespace {

constexpr int kMostTenants = 10;
constexpr int kPageSize = 1000;

absl::Status ReadTenant(Installation& installation, int tenant,
                        absl::Time since, std::vector<double>& latencies) {
  v1::ListAttemptsRequest request;
  request.set_parent(Installation::TenantName(tenant));
  request.set_page_size(kPageSize);
  request.mutable_filter()->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(since));
  do {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const v1::ListAttemptsResponse page,
        Call<v1::ListAttemptsResponse>([&](auto* context, auto* response) {
          return installation.service().history().ListAttempts(context, request,
                                                               response);
        }));
    for (const v1::Attempt& attempt : page.attempts()) {
      const absl::Time made = MadeAt(attempt.event_id());
      const absl::Time end =
          TimeOf(attempt.start_time()) + DurationOf(attempt.duration());
      if (made < since) continue;
      latencies.push_back(absl::ToDoubleMilliseconds(end - made));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<double>> ReadLatencies(Installation& installation,
                                                  absl::Time since) {
  std::vector<double> latencies;
  const int tenants = std::min(kMostTenants, installation.tenants());
  for (int tenant = 0; tenant < tenants; ++tenant) {
    MQTTPUSH_RETURN_IF_ERROR(
        ReadTenant(installation, tenant, since, latencies));
  }
  if (!latencies.empty()) return latencies;
  return absl::InternalError("no attempt was found to measure");
}

}  // namespace mqttpush::bench
