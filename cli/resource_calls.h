// The calls on tenants, brokers and subscriptions. All three are alike, so one
// piece of code makes them, by the descriptors of the API.
#ifndef MQTTPUSH_CLI_RESOURCE_CALLS_H_
#define MQTTPUSH_CLI_RESOURCE_CALLS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "google/protobuf/message.h"

namespace mqttpush::cli {

struct ResourceKind {
  std::string collection;  // "brokers"
  std::string word;        // "broker", also the field of requests
  std::string type;        // "Broker", also the end of methods
  bool has_parent = true;
  bool can_pause = true;
  bool can_force = true;  // Delete has the field `force`
};
const ResourceKind& TenantKind();
const ResourceKind& BrokerKind();
const ResourceKind& SubscriptionKind();

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

// An empty message of the API, as "Broker".
MessagePtr NewMessage(const std::string& type);
// The full name of what a person typed.
absl::StatusOr<std::string> ResourceName(const ResourceKind& kind,
                                         absl::string_view text);

std::string GetText(const google::protobuf::Message& message,
                    const std::string& field);
void SetText(google::protobuf::Message* message, const std::string& field,
             const std::string& value);

// A reference by id, as "main" in a subscription's `broker`, becomes a full
// name within the tenant of `resource`.
void CompleteReferences(google::protobuf::Message* resource);

// Each is one call and returns its error; List is as many as there are pages.
// Names are full.
class ResourceCalls {
 public:
  ResourceCalls(Client& client, const ResourceKind& kind)
      : client_(client), kind_(kind) {}

  absl::StatusOr<MessagePtr> Get(const std::string& name);
  // A List...Response with all pages in one. `parent` only of those that have
  // one.
  absl::StatusOr<MessagePtr> List(const std::string& parent);
  // Under the name that `resource` has.
  absl::StatusOr<MessagePtr> Create(const google::protobuf::Message& resource,
                                    bool validate_only);
  absl::StatusOr<MessagePtr> Update(const google::protobuf::Message& resource,
                                    const std::vector<std::string>& paths,
                                    bool validate_only);
  struct DeleteOptions {
    std::string etag;
    bool force = false;
    bool validate_only = false;
  };
  absl::Status Delete(const std::string& name, const DeleteOptions& options);
  // `verb` is "Pause" or "Resume".
  absl::StatusOr<MessagePtr> Switch(const std::string& verb,
                                    const std::string& name);

 private:
  absl::StatusOr<MessagePtr> Call(const std::string& verb,
                                  const google::protobuf::Message& request);

  Client& client_;
  const ResourceKind& kind_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESOURCE_CALLS_H_
