// TenantFile: a tenant with its brokers and subscriptions, as `apply` reads it.
//
//   tenant: acme
//   display_name: Acme Shipping
//   owner_ids: [660e8400-e29b-41d4-a716-446655440001]
//   brokers:
//     main:
//       host: broker.acme.example
//       username_password: {username: fleet, password: {env: ACME_PASSWORD}}
//   subscriptions:
//     events: {broker: main, topic: "globe-tracker/{objectType}", qos: 1}
#ifndef MQTTPUSH_CLI_TENANT_FILE_H_
#define MQTTPUSH_CLI_TENANT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/message_fields.h"
#include "cli/resource_calls.h"

namespace mqttpush::cli {

// A resource as it shall be, with its full name.
struct DesiredResource {
  const ResourceKind* kind;
  MessagePtr resource;
};

struct TenantFile {
  std::string tenant;  // full name
  // The tenant, its brokers, its subscriptions: each after what it needs.
  std::vector<DesiredResource> resources;
};

// INVALID_ARGUMENT names file, line, field and rule.
absl::StatusOr<TenantFile> ParseTenantFile(const std::string& text,
                                           const FieldSource& source);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_TENANT_FILE_H_
