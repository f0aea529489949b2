#include "cli/apply_plan.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/errors.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "google/protobuf/reflection.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::Message;

const std::vector<std::string>& AllFields() {
  static const auto* const all = new std::vector<std::string>{"*"};
  return *all;
}

constexpr char kBrokerField[] = "subscription.broker";

// Where a resource stands in the file: "brokers.main"; "" for the tenant.
std::string PlaceOf(const ResourceKind& kind, const std::string& name) {
  return kind.has_parent ? absl::StrCat(kind.collection, ".", LastPart(name))
                         : "";
}

// The same of a field, as the service calls it: "brokers.main.port" for
// "broker.port". What is wrong with the name is wrong with the place.
std::string PlaceOf(const ResourceKind& kind, const std::string& name,
                    absl::string_view field) {
  const std::string place = PlaceOf(kind, name);
  if (!absl::ConsumePrefix(&field, absl::StrCat(kind.word, "."))) {
    return place.empty() ? kind.word : place;
  }
  return absl::StrCat(place, place.empty() ? "" : ".", field);
}

// "" when it is no subscription.
std::string BrokerOf(const Message& resource) {
  const auto* broker = resource.GetDescriptor()->FindFieldByName("broker");
  return broker == nullptr
             ? ""
             : resource.GetReflection()->GetString(resource, broker);
}

class Planner {
 public:
  Planner(const PlanOptions& options, Client& client)
      : options_(options), client_(client) {}

  absl::Status Add(DesiredResource desired);
  // What the tenant has and the file does not.
  absl::Status AddOthers(const ResourceKind& kind, const std::string& tenant);
  absl::StatusOr<std::vector<Change>> Take();

 private:
  absl::Status Create(const DesiredResource& desired, Change& change);
  absl::Status Update(const DesiredResource& desired, const Message& current,
                      Change& change);
  absl::Status AddOther(Change change);
  // Takes the service's word on a change. Keeps the violations; any other
  // refusal ends the plan. That something is not there which the plan creates
  // before is none.
  absl::Status Weigh(const absl::Status& checked,
                     const DesiredResource& desired);
  // Of a new tenant the service cannot know the brokers.
  void CheckBroker(const DesiredResource& desired);
  absl::StatusOr<std::string> SecretChange(const ResourceKind& kind,
                                           const Message& desired,
                                           const Message& current,
                                           const std::string& path);

  const PlanOptions options_;
  Client& client_;
  std::vector<Change> changes_;
  std::vector<Violation> violations_;
  std::set<std::string> created_;  // names that are not there yet
  std::set<std::string> named_;
  std::map<std::string, std::string> users_;  // of brokers: places in the file
};

absl::StatusOr<std::vector<Change>> Planner::Take() {
  if (violations_.empty()) return std::move(changes_);
  return ViolationsError("the file is not valid; nothing is changed:",
                         violations_);
}

absl::Status Planner::Add(DesiredResource desired) {
  Change change{.kind = desired.kind,
                .name = GetText(*desired.resource, "name")};
  named_.insert(change.name);
  users_.emplace(BrokerOf(*desired.resource),
                 PlaceOf(*desired.kind, change.name));
  const auto current = ResourceCalls(client_, *desired.kind).Get(change.name);
  if (current.ok()) {
    MQTTPUSH_RETURN_IF_ERROR(Update(desired, **current, change));
  } else if (absl::IsNotFound(current.status())) {
    MQTTPUSH_RETURN_IF_ERROR(Create(desired, change));
  } else {
    // Below a tenant that cannot be called so there is nothing to check.
    if (!desired.kind->has_parent) return current.status();
    return Weigh(current.status(), desired);
  }
  change.resource = std::move(desired.resource);
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

absl::Status Planner::Create(const DesiredResource& desired, Change& change) {
  change.action = Change::Action::kCreate;
  MQTTPUSH_RETURN_IF_ERROR(Weigh(ResourceCalls(client_, *desired.kind)
                                     .Create(*desired.resource, true)
                                     .status(),
                                 desired));
  CheckBroker(desired);
  created_.insert(change.name);
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
  const size_t violations = violations_.size();
  // The service says what it would be, with the defaults that it gives.
  const auto next = ResourceCalls(client_, *desired.kind)
                        .Update(*desired.resource, AllFields(), true);
  MQTTPUSH_RETURN_IF_ERROR(Weigh(next.status(), desired));
  if (violations_.size() > violations) return absl::OkStatus();
  change.fields = DiffMessages(current, next.ok() ? **next : *desired.resource);
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

absl::Status Planner::Weigh(const absl::Status& checked,
                            const DesiredResource& desired) {
  if (checked.ok()) return checked;
  const std::string name = GetText(*desired.resource, "name");
  // The service says so once all the fields are in order.
  if (absl::IsNotFound(checked) && created_.contains(TenantOf(name))) {
    return absl::OkStatus();
  }
  if (!absl::IsInvalidArgument(checked)) return checked;
  std::vector<Violation> violations = ViolationsOf(checked);
  if (violations.empty()) return checked;
  for (Violation& violation : violations) {
    if (violation.field == kBrokerField &&
        created_.contains(BrokerOf(*desired.resource))) {
      continue;
    }
    violations_.push_back({PlaceOf(*desired.kind, name, violation.field),
                           std::move(violation.description)});
  }
  return absl::OkStatus();
}

void Planner::CheckBroker(const DesiredResource& desired) {
  const std::string name = GetText(*desired.resource, "name");
  const std::string broker = BrokerOf(*desired.resource);
  const bool can_exist = !created_.contains(TenantOf(name));
  if (can_exist || broker.empty() || created_.contains(broker)) return;
  if (TenantOf(broker) != TenantOf(name)) return;  // the service said so
  violations_.push_back({PlaceOf(*desired.kind, name, kBrokerField),
                         "must be a broker of the file: the tenant is new"});
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

absl::Status Planner::AddOthers(const ResourceKind& kind,
                                const std::string& tenant) {
  if (created_.contains(tenant)) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr all,
                            ResourceCalls(client_, kind).List(tenant));
  const auto* list = all->GetDescriptor()->FindFieldByName(kind.collection);
  for (const Message& resource :
       all->GetReflection()->GetRepeatedFieldRef<Message>(*all, list)) {
    Change change{.action = options_.prune ? Change::Action::kDelete
                                           : Change::Action::kKeep,
                  .kind = &kind,
                  .name = GetText(resource, "name"),
                  .etag = GetText(resource, "etag")};
    if (named_.contains(change.name)) continue;
    MQTTPUSH_RETURN_IF_ERROR(AddOther(std::move(change)));
  }
  return absl::OkStatus();
}

absl::Status Planner::AddOther(Change change) {
  const auto user = users_.find(change.name);
  if (options_.prune && user != users_.end()) {
    violations_.push_back(
        {absl::StrCat(user->second, ".broker"),
         absl::StrCat("is ", LastPart(change.name),
                      ", which is not in the file and --prune would delete")});
  }
  // Brokers are referred to until their subscriptions have gone.
  if (options_.prune && change.kind->can_force) {
    MQTTPUSH_RETURN_IF_ERROR(ResourceCalls(client_, *change.kind)
                                 .Delete(change.name, {.etag = change.etag,
                                                       .force = options_.force,
                                                       .validate_only = true}));
  }
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Change>> PlanApply(TenantFile file,
                                              const PlanOptions& options,
                                              Client& client) {
  Planner planner(options, client);
  for (DesiredResource& desired : file.resources) {
    MQTTPUSH_RETURN_IF_ERROR(planner.Add(std::move(desired)));
  }
  // A broker can go once no subscription refers to it.
  MQTTPUSH_RETURN_IF_ERROR(planner.AddOthers(SubscriptionKind(), file.tenant));
  MQTTPUSH_RETURN_IF_ERROR(planner.AddOthers(BrokerKind(), file.tenant));
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
