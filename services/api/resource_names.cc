#include "services/api/resource_names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxResourceIdBytes = 63;

bool IsLowerOrDigit(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c);
}

// A positive decimal number in its one spelling: no sign, no leading zero.
bool ParsePositive(absl::string_view text, int64_t* value) {
  return absl::SimpleAtoi(text, value) && *value > 0 &&
         absl::StrCat(*value) == text;
}

struct ChildName {
  std::string tenant;
  std::string child;
};

// tenants/{tenant}/{collection}/{child}; {child} is not checked.
std::optional<ChildName> ParseChildName(absl::string_view name,
                                        absl::string_view collection) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "tenants" || !IsResourceId(parts[1]) ||
      parts[2] != collection) {
    return std::nullopt;
  }
  return ChildName{std::string(parts[1]), std::string(parts[3])};
}

}  // namespace

bool IsResourceId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxResourceIdBytes) return false;
  if (!absl::ascii_islower(id.front()) || id.back() == '-') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return c == '-' || IsLowerOrDigit(c); });
}

std::string TenantName(absl::string_view tenant) {
  return absl::StrCat("tenants/", tenant);
}

std::string BrokerName(absl::string_view tenant, absl::string_view broker) {
  return absl::StrCat("tenants/", tenant, "/brokers/", broker);
}

std::string SubscriptionName(absl::string_view tenant,
                             absl::string_view subscription) {
  return absl::StrCat("tenants/", tenant, "/subscriptions/", subscription);
}

std::string DeliveryName(absl::string_view tenant, int64_t event_seq,
                         int64_t subscription_uid) {
  return absl::StrCat("tenants/", tenant, "/deliveries/", event_seq, "-",
                      subscription_uid);
}

std::string AttemptName(absl::string_view tenant, int64_t event_seq,
                        int64_t subscription_uid, int number) {
  return absl::StrCat(DeliveryName(tenant, event_seq, subscription_uid),
                      "/attempts/", number);
}

std::string ReplayName(absl::string_view tenant, int64_t uid) {
  return absl::StrCat("tenants/", tenant, "/replays/", uid);
}

absl::string_view TenantIdIn(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "tenants/")) return "";
  return name.substr(0, name.find('/'));
}

std::optional<ParsedTenantName> ParseTenantName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2 || parts[0] != "tenants" || !IsResourceId(parts[1])) {
    return std::nullopt;
  }
  return ParsedTenantName{std::string(parts[1])};
}

std::optional<ParsedBrokerName> ParseBrokerName(absl::string_view name) {
  const std::optional<ChildName> parsed = ParseChildName(name, "brokers");
  if (!parsed || !IsResourceId(parsed->child)) return std::nullopt;
  return ParsedBrokerName{parsed->tenant, parsed->child};
}

std::optional<ParsedSubscriptionName> ParseSubscriptionName(
    absl::string_view name) {
  const std::optional<ChildName> parsed = ParseChildName(name, "subscriptions");
  if (!parsed || !IsResourceId(parsed->child)) return std::nullopt;
  return ParsedSubscriptionName{parsed->tenant, parsed->child};
}

std::optional<ParsedDeliveryName> ParseDeliveryName(absl::string_view name) {
  const std::optional<ChildName> parsed = ParseChildName(name, "deliveries");
  if (!parsed) return std::nullopt;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(parsed->child, '-');
  ParsedDeliveryName delivery;
  delivery.tenant = parsed->tenant;
  if (parts.size() != 2 || !ParsePositive(parts[0], &delivery.event_seq) ||
      !ParsePositive(parts[1], &delivery.subscription_uid)) {
    return std::nullopt;
  }
  return delivery;
}

std::optional<ParsedReplayName> ParseReplayName(absl::string_view name) {
  const std::optional<ChildName> parsed = ParseChildName(name, "replays");
  ParsedReplayName replay;
  if (!parsed || !ParsePositive(parsed->child, &replay.uid)) {
    return std::nullopt;
  }
  replay.tenant = parsed->tenant;
  return replay;
}

}  // namespace mqttpush
