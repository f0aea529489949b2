// What the crash test writes into a log: events and updates that follow from a
// few numbers, so that who checks can make each of them again.
#ifndef MQTTPUSH_TESTS_CRASH_LOG_OPERATIONS_H_
#define MQTTPUSH_TESTS_CRASH_LOG_OPERATIONS_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/records.h"

namespace mqttpush::crash {

// Subscriptions 7 and 17 are of tenant 1, 27 of tenant 2.
inline constexpr int64_t kSubscriptions[] = {7, 17, 27};
inline constexpr int64_t kTenants[] = {1, 2};
int64_t TenantOf(int64_t subscription_uid);

// The n-th event that is made. Now and then with a payload of many pages.
NewEvent MakeEventOf(int64_t n);

AttemptRecord MakeAttempt(int64_t subscription_uid, int64_t event_seq,
                          int number, bool succeeded);
DeliveryException MakeException(int64_t event_seq, DeliveryState state,
                                int attempt_count);

// Events by number, or one update; what a ledger notes of it is one line.
using Operation = std::variant<std::vector<int64_t>, DeliveryUpdate>;
std::string Encode(const Operation& operation);
Operation Decode(absl::string_view line);

}  // namespace mqttpush::crash

#endif  // MQTTPUSH_TESTS_CRASH_LOG_OPERATIONS_H_
