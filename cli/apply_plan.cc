#include "cli/apply_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "google/protobuf/reflection.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::Message;

const std::vector<std::string>& AllFields() {
  static const auto* const all = new std::vector<std::string>{"*"};
  return *all;
}

class Planner {
 public:
  explicit Planner(Client& client) : client_(client) {}

  absl::Status Add(DesiredResource desired);
  // What the tenant has and the file does not.
  absl::Status AddOthers(const ResourceKind& kind, const std::string& tenant,
                         bool prune);
  std::vector<Change> Take() { return std::move(changes_); }

 private:
  absl::Status Create(const DesiredResource& desired, Change& change);
  absl::Status Update(const DesiredResource& desired, const Message& current,
                      Change& change);
  absl::StatusOr<std::string> SecretChange(const ResourceKind& kind,
                                           const Message& desired,
                                           const Message& current,
                                           const std::string& path);
  // Whether the service can check it: what it belongs to is there already.
  bool IsCheckable(const Message& resource) const;

  Client& client_;
  std::vector<Change> changes_;
  std::set<std::string> created_;  // names that are not there yet
  std::set<std::string> named_;
};

absl::Status Planner::Add(DesiredResource desired) {
  Change change{.kind = desired.kind,
                .name = GetText(*desired.resource, "name")};
  named_.insert(change.name);
  const auto current = ResourceCalls(client_, *desired.kind).Get(change.name);
  if (current.ok()) {
    MQTTPUSH_RETURN_IF_ERROR(Update(desired, **current, change));
  } else if (absl::IsNotFound(current.status())) {
    MQTTPUSH_RETURN_IF_ERROR(Create(desired, change));
    created_.insert(change.name);
  } else {
    return current.status();
  }
  change.resource = std::move(desired.resource);
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

absl::Status Planner::Create(const DesiredResource& desired, Change& change) {
  change.action = Change::Action::kCreate;
  if (IsCheckable(*desired.resource)) {
    MQTTPUSH_RETURN_IF_ERROR(ResourceCalls(client_, *desired.kind)
                                 .Create(*desired.resource, true)
                                 .status());
  }
  const MessagePtr nothing = NewMessage(desired.kind->type);
  change.fields = DiffMessages(*nothing, *desired.resource);
  for (const std::string& path : SecretsIn(*desired.resource)) {
    change.fields.push_back({path, "", "set"});
  }
  return absl::OkStatus();
}

absl::Status Planner::Update(const DesiredResource& desired,
                             const Message& current, Change& change) {
  change.etag = GetText(current, "etag");
  SetText(desired.resource.get(), "etag", change.etag);
  // The service says what it would be, with the defaults that it gives.
  if (IsCheckable(*desired.resource)) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const MessagePtr next,
        ResourceCalls(client_, *desired.kind)
            .Update(*desired.resource, AllFields(), true));
    change.fields = DiffMessages(current, *next);
  } else {
    change.fields = DiffMessages(current, *desired.resource);
  }
  bool changes = !change.fields.empty();
  for (const std::string& path : SecretsIn(*desired.resource)) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::string what,
        SecretChange(*desired.kind, *desired.resource, current, path));
    changes |= what != "unchanged";
    change.fields.push_back({path, "", what});
  }
  if (changes) change.action = Change::Action::kUpdate;
  return absl::OkStatus();
}

// Nobody is told a secret. But the service says whether the broker would get a
// new revision, if it had this secret and all else as it is.
absl::StatusOr<std::string> Planner::SecretChange(const ResourceKind& kind,
                                                  const Message& desired,
                                                  const Message& current,
                                                  const std::string& path) {
  const std::string owner = path.substr(0, path.rfind('.') + 1);
  for (const FieldChange& change : DiffMessages(current, desired)) {
    // Other credentials: what was stored belonged to those before.
    if (!owner.empty() && absl::StartsWith(change.field, owner)) {
      return std::string("set");
    }
  }
  const MessagePtr with_secret(current.New());
  with_secret->CopyFrom(current);
  CopyField(desired, path, with_secret.get());
  MQTTPUSH_ASSIGN_OR_RETURN(
      const MessagePtr next,
      ResourceCalls(client_, kind).Update(*with_secret, AllFields(), true));
  return std::string(GetText(*next, "etag") == GetText(current, "etag")
                         ? "unchanged"
                         : "changed");
}

bool Planner::IsCheckable(const Message& resource) const {
  const std::string name = GetText(resource, "name");
  const auto* broker = resource.GetDescriptor()->FindFieldByName("broker");
  const bool needs_new_broker =
      broker != nullptr &&
      created_.contains(resource.GetReflection()->GetString(resource, broker));
  const bool has_parent = std::count(name.begin(), name.end(), '/') > 1;
  const std::string parent = name.substr(0, name.find('/', name.find('/') + 1));
  return !needs_new_broker && !(has_parent && created_.contains(parent));
}

absl::Status Planner::AddOthers(const ResourceKind& kind,
                                const std::string& tenant, bool prune) {
  if (created_.contains(tenant)) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr all,
                            ResourceCalls(client_, kind).List(tenant));
  const auto* list = all->GetDescriptor()->FindFieldByName(kind.collection);
  for (const Message& resource :
       all->GetReflection()->GetRepeatedFieldRef<Message>(*all, list)) {
    Change change{
        .action = prune ? Change::Action::kDelete : Change::Action::kKeep,
        .kind = &kind,
        .name = GetText(resource, "name"),
        .etag = GetText(resource, "etag")};
    if (!named_.contains(change.name)) changes_.push_back(std::move(change));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Change>> PlanApply(TenantFile file, bool prune,
                                              Client& client) {
  Planner planner(client);
  for (DesiredResource& desired : file.resources) {
    MQTTPUSH_RETURN_IF_ERROR(planner.Add(std::move(desired)));
  }
  // A broker can go once no subscription refers to it.
  MQTTPUSH_RETURN_IF_ERROR(
      planner.AddOthers(SubscriptionKind(), file.tenant, prune));
  MQTTPUSH_RETURN_IF_ERROR(planner.AddOthers(BrokerKind(), file.tenant, prune));
  return planner.Take();
}

absl::Status MakeChange(const Change& change, bool force, Client& client) {
  ResourceCalls calls(client, *change.kind);
  switch (change.action) {
    case Change::Action::kCreate:
      return calls.Create(*change.resource, false).status();
    case Change::Action::kUpdate:
      return calls.Update(*change.resource, AllFields(), false).status();
    case Change::Action::kDelete:
      return calls.Delete(change.name, {.etag = change.etag, .force = force});
    case Change::Action::kUnchanged:
    case Change::Action::kKeep:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace mqttpush::cli
