#include "cli/tenant_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

absl::Status AddChildren(const FieldSource& source, const YAML::Node& children,
                         const ResourceKind& kind, TenantFile& file) {
  if (children.IsNull()) return absl::OkStatus();
  if (!children.IsMap()) {
    return YamlError(
        source.name, children,
        absl::StrCat(kind.collection, ": must be a map from ids to ",
                     kind.collection));
  }
  for (const auto& entry : children) {
    MessagePtr resource = NewMessage(kind.type);
    MQTTPUSH_RETURN_IF_ERROR(
        SetFields(source, entry.second, resource.get(), nullptr));
    SetText(resource.get(), "name",
            absl::StrCat(file.tenant, "/", kind.collection, "/",
                         entry.first.Scalar()));
    CompleteReferences(resource.get());
    file.resources.push_back({&kind, std::move(resource)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TenantFile> ParseTenantFile(const std::string& text,
                                           const FieldSource& source) {
  MQTTPUSH_ASSIGN_OR_RETURN(const YAML::Node root,
                            ParseYaml(text, source.name));
  if (!root.IsMap() || !root["tenant"] || !root["tenant"].IsScalar()) {
    return YamlError(source.name, root,
                     "must be a map with `tenant`, the id of a tenant");
  }
  TenantFile file;
  const auto tenant = TenantName(root["tenant"].Scalar());
  if (!tenant.ok()) {
    return YamlError(source.name, root["tenant"],
                     absl::StrCat("tenant: ", tenant.status().message()));
  }
  file.tenant = *tenant;
  YAML::Node fields(YAML::NodeType::Map);
  for (const auto& entry : root) {
    const std::string& key = entry.first.Scalar();
    if (key == "tenant" || key == "brokers" || key == "subscriptions") continue;
    fields[entry.first] = entry.second;
  }
  MessagePtr resource = NewMessage("Tenant");
  MQTTPUSH_RETURN_IF_ERROR(SetFields(source, fields, resource.get(), nullptr));
  SetText(resource.get(), "name", file.tenant);
  file.resources.push_back({&TenantKind(), std::move(resource)});
  if (root["brokers"]) {
    MQTTPUSH_RETURN_IF_ERROR(
        AddChildren(source, root["brokers"], BrokerKind(), file));
  }
  if (root["subscriptions"]) {
    MQTTPUSH_RETURN_IF_ERROR(
        AddChildren(source, root["subscriptions"], SubscriptionKind(), file));
  }
  return file;
}

}  // namespace mqttpush::cli
