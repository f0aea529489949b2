#include "services/admin/tenant_converter.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "services/admin/etag.h"
#include "services/admin/quota_converter.h"
#include "services/admin/values.h"
#include "services/api/resource_names.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxDisplayNameCharacters = 128;
constexpr size_t kMaxLabels = 64;
constexpr size_t kMaxLabelKeyBytes = 63;
constexpr size_t kMaxLabelValueCharacters = 63;
constexpr absl::Duration kMinRetention = absl::Hours(1);
constexpr absl::Duration kMaxRetention = absl::Hours(36500 * 24);

// What is invisible in an owner id is a slip of the keyboard, and would send
// the customer's objects nowhere.
bool HasInvisible(absl::string_view owner_id) {
  return absl::StripAsciiWhitespace(owner_id) != owner_id ||
         std::any_of(owner_id.begin(), owner_id.end(),
                     [](char c) { return absl::ascii_iscntrl(c); });
}

void CheckOwnerIds(const v1::Tenant& proto, Violations* violations) {
  if (static_cast<size_t>(proto.owner_ids_size()) >
      limits::kMaxOwnerIdsPerTenant) {
    violations->Add(
        "tenant.owner_ids",
        absl::StrCat("must be at most ", limits::kMaxOwnerIdsPerTenant));
    return;
  }
  std::set<absl::string_view> seen;
  for (int i = 0; i < proto.owner_ids_size(); ++i) {
    const std::string& owner_id = proto.owner_ids(i);
    const std::string field = absl::StrCat("tenant.owner_ids[", i, "]");
    if (owner_id.empty() || owner_id.size() > limits::kMaxOwnerIdBytes) {
      violations->Add(field, absl::StrCat("must be 1 to ",
                                          limits::kMaxOwnerIdBytes, " bytes"));
    } else if (HasInvisible(owner_id)) {
      violations->Add(field,
                      "must not begin or end with white space, nor hold "
                      "control characters");
    } else if (!seen.insert(owner_id).second) {
      violations->Add(field, "is in the list twice");
    }
  }
}

// [a-z][a-z0-9_-]{0,62}
bool IsLabelKey(absl::string_view key) {
  if (key.empty() || key.size() > kMaxLabelKeyBytes) return false;
  if (!absl::ascii_islower(key.front())) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' ||
           c == '-';
  });
}

void CheckLabels(const std::map<std::string, std::string>& labels,
                 Violations* violations) {
  if (labels.size() > kMaxLabels) {
    violations->Add("tenant.labels",
                    absl::StrCat("must be at most ", kMaxLabels));
    return;
  }
  for (const auto& [key, value] : labels) {
    const std::string field = absl::StrCat("tenant.labels[", key, "]");
    if (!IsLabelKey(key)) {
      violations->Add(field, "the key must match [a-z][a-z0-9_-]{0,62}");
    }
    if (CharacterCount(value) > kMaxLabelValueCharacters) {
      violations->Add(field,
                      absl::StrCat("must be at most ", kMaxLabelValueCharacters,
                                   " characters"));
    }
  }
}

std::optional<absl::Duration> RetentionFromProto(const v1::Tenant& proto,
                                                 Violations* violations) {
  if (!proto.has_history_retention()) return std::nullopt;
  return WholeSeconds(proto.history_retention(), kMinRetention, kMaxRetention,
                      "tenant.history_retention", violations);
}

}  // namespace

v1::Tenant TenantToProto(const TenantRecord& tenant, const QuotaRules& quotas,
                         const Outbox& outbox) {
  v1::Tenant proto;
  proto.set_name(TenantName(tenant.id));
  proto.set_display_name(tenant.display_name);
  *proto.mutable_owner_ids() = {tenant.owner_ids.begin(),
                                tenant.owner_ids.end()};
  proto.mutable_labels()->insert(tenant.labels.begin(), tenant.labels.end());
  proto.set_state(tenant.paused ? v1::Tenant::PAUSED : v1::Tenant::ACTIVE);
  proto.set_etag(Etag(tenant));
  if (tenant.history_retention.has_value()) {
    SetDuration(*tenant.history_retention, proto.mutable_history_retention());
  }
  SetTimestamp(tenant.create_time, proto.mutable_create_time());
  SetTimestamp(tenant.update_time, proto.mutable_update_time());
  if (tenant.quota != TenantQuota()) {
    *proto.mutable_quota() = QuotaToProto(tenant.quota);
  }
  const TenantQuota effective = EffectiveQuota(tenant.quota, quotas);
  *proto.mutable_effective_quota() = QuotaToProto(effective);
  proto.mutable_outbox()->set_waiting_events(outbox.events);
  proto.mutable_outbox()->set_waiting_bytes(outbox.bytes);
  proto.mutable_outbox()->set_used_percent(UsedPercent(outbox, effective));
  return proto;
}

TenantRecord TenantFromProto(const v1::Tenant& proto, TenantRecord base,
                             const QuotaRules& quotas, Violations* violations) {
  if (CharacterCount(proto.display_name()) > kMaxDisplayNameCharacters) {
    violations->Add("tenant.display_name",
                    absl::StrCat("must be at most ", kMaxDisplayNameCharacters,
                                 " characters"));
  }
  CheckOwnerIds(proto, violations);
  base.display_name = proto.display_name();
  base.owner_ids = {proto.owner_ids().begin(), proto.owner_ids().end()};
  base.labels = {proto.labels().begin(), proto.labels().end()};
  CheckLabels(base.labels, violations);
  base.history_retention = RetentionFromProto(proto, violations);
  base.quota =
      QuotaFromProto(proto.quota(), base.quota, quotas.maxima, violations);
  return base;
}

}  // namespace mqttpush
