#include "workers/egress/egress_allowances.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "workers/egress/ip_network.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

absl::Status Broken(int line, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", rule));
}

}  // namespace

absl::StatusOr<TenantNetworks> ParseTenantNetworks(absl::string_view text) {
  TenantNetworks networks;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() != 2) {
      return Broken(number, "must be a tenant id and a network");
    }
    const absl::StatusOr<IpNetwork> network = IpNetwork::Parse(words[1]);
    if (!network.ok()) return Broken(number, network.status().message());
    networks[words[0]].push_back(network->Text());
  }
  return networks;
}

absl::StatusOr<std::unique_ptr<EgressAllowances>> EgressAllowances::Create(
    std::vector<std::string> for_all, const std::string& tenants_file) {
  std::unique_ptr<EgressAllowances> made(
      new EgressAllowances(std::move(for_all), tenants_file));
  MutexLock lock(&made->mutex_);
  const absl::Status read = made->ReadIfChanged();
  if (read.ok()) return made;
  return absl::Status(read.code(),
                      absl::StrCat(tenants_file, ": ", read.message()));
}

absl::Status EgressAllowances::ReadIfChanged() {
  if (file_.path().empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<std::string> text,
                            file_.ReadIfChanged(kMaxFileBytes));
  if (!text.has_value()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(by_tenant_, ParseTenantNetworks(*text));
  return absl::OkStatus();
}

std::vector<std::string> EgressAllowances::For(const std::string& tenant_id) {
  MutexLock lock(&mutex_);
  if (const absl::Status read = ReadIfChanged(); !read.ok()) {
    Log::Error("egress_tenants_not_read",
               {{"file", file_.path()}, {"error", read.message()}});
  }
  std::vector<std::string> networks = for_all_;
  if (const auto found = by_tenant_.find(tenant_id);
      found != by_tenant_.end()) {
    networks.insert(networks.end(), found->second.begin(), found->second.end());
  }
  return networks;
}

}  // namespace mqttpush
