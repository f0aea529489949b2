#include "cli/resource_calls.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr int kPageSize = 1000;

const google::protobuf::FieldDescriptor* FieldOf(const Message& message,
                                                 const std::string& name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

void SetBool(Message* message, const std::string& field, bool value) {
  message->GetReflection()->SetBool(message, FieldOf(*message, field), value);
}

void SetMessage(Message* message, const std::string& field,
                const Message& value) {
  message->GetReflection()
      ->MutableMessage(message, FieldOf(*message, field))
      ->CopyFrom(value);
}

}  // namespace

const ResourceKind& TenantKind() {
  static const auto* const kind = new ResourceKind{.collection = "tenants",
                                                   .word = "tenant",
                                                   .type = "Tenant",
                                                   .has_parent = false};
  return *kind;
}

const ResourceKind& BrokerKind() {
  static const auto* const kind = new ResourceKind{.collection = "brokers",
                                                   .word = "broker",
                                                   .type = "Broker",
                                                   .can_pause = false,
                                                   .can_force = false};
  return *kind;
}

const ResourceKind& SubscriptionKind() {
  static const auto* const kind =
      new ResourceKind{.collection = "subscriptions",
                       .word = "subscription",
                       .type = "Subscription"};
  return *kind;
}

MessagePtr NewMessage(const std::string& type) {
  // Links the API's descriptors in.
  (void)v1::CreateTenantRequest::descriptor();
  const auto* descriptor =
      DescriptorPool::generated_pool()->FindMessageTypeByName(
          absl::StrCat("mqttpush.v1.", type));
  return MessagePtr(
      MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

absl::StatusOr<std::string> ResourceName(const ResourceKind& kind,
                                         absl::string_view text) {
  return kind.has_parent ? ChildName(text, kind.collection) : TenantName(text);
}

std::string GetText(const Message& message, const std::string& field) {
  return message.GetReflection()->GetString(message, FieldOf(message, field));
}

void SetText(Message* message, const std::string& field,
             const std::string& value) {
  message->GetReflection()->SetString(message, FieldOf(*message, field), value);
}

void CompleteReferences(Message* resource) {
  auto* subscription =
      google::protobuf::DynamicCastToGenerated<v1::Subscription>(resource);
  if (subscription == nullptr || subscription->broker().empty()) return;
  if (absl::StrContains(subscription->broker(), '/')) return;
  subscription->set_broker(absl::StrCat(TenantOf(subscription->name()),
                                        "/brokers/", subscription->broker()));
}

absl::StatusOr<MessagePtr> ResourceCalls::Get(const std::string& name) {
  const MessagePtr request =
      NewMessage(absl::StrCat("Get", kind_.type, "Request"));
  SetText(request.get(), "name", name);
  return Call("Get", *request);
}

absl::StatusOr<MessagePtr> ResourceCalls::List(const std::string& parent) {
  const std::string method = absl::StrCat("List", kind_.type, "s");
  const MessagePtr request = NewMessage(absl::StrCat(method, "Request"));
  if (kind_.has_parent) SetText(request.get(), "parent", parent);
  request->GetReflection()->SetInt32(request.get(),
                                     FieldOf(*request, "page_size"), kPageSize);
  MessagePtr all = NewMessage(absl::StrCat(method, "Response"));
  do {
    SetText(request.get(), "page_token", GetText(*all, "next_page_token"));
    SetText(all.get(), "next_page_token", "");
    const MessagePtr page(all->New());
    MQTTPUSH_RETURN_IF_ERROR(client_.Call(absl::StrCat("AdminService/", method),
                                          *request, page.get()));
    all->MergeFrom(*page);
  } while (!GetText(*all, "next_page_token").empty());
  return all;
}

absl::StatusOr<MessagePtr> ResourceCalls::Create(const Message& resource,
                                                 bool validate_only) {
  const MessagePtr request =
      NewMessage(absl::StrCat("Create", kind_.type, "Request"));
  const std::string name = GetText(resource, "name");
  if (kind_.has_parent) SetText(request.get(), "parent", TenantOf(name));
  SetText(request.get(), absl::StrCat(kind_.word, "_id"), LastPart(name));
  SetMessage(request.get(), kind_.word, resource);
  SetBool(request.get(), "validate_only", validate_only);
  return Call("Create", *request);
}

absl::StatusOr<MessagePtr> ResourceCalls::Update(
    const Message& resource, const std::vector<std::string>& paths,
    bool validate_only) {
  const MessagePtr request =
      NewMessage(absl::StrCat("Update", kind_.type, "Request"));
  SetMessage(request.get(), kind_.word, resource);
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  SetMessage(request.get(), "update_mask", mask);
  SetBool(request.get(), "validate_only", validate_only);
  return Call("Update", *request);
}

absl::Status ResourceCalls::Delete(const std::string& name,
                                   const DeleteOptions& options) {
  const MessagePtr request =
      NewMessage(absl::StrCat("Delete", kind_.type, "Request"));
  SetText(request.get(), "name", name);
  SetText(request.get(), "etag", options.etag);
  if (kind_.can_force) SetBool(request.get(), "force", options.force);
  SetBool(request.get(), "validate_only", options.validate_only);
  google::protobuf::Empty nothing;
  return client_.Call(absl::StrCat("AdminService/Delete", kind_.type), *request,
                      &nothing);
}

absl::StatusOr<MessagePtr> ResourceCalls::Switch(const std::string& verb,
                                                 const std::string& name) {
  const MessagePtr request =
      NewMessage(absl::StrCat(verb, kind_.type, "Request"));
  SetText(request.get(), "name", name);
  return Call(verb, *request);
}

absl::StatusOr<MessagePtr> ResourceCalls::Call(const std::string& verb,
                                               const Message& request) {
  MessagePtr resource = NewMessage(kind_.type);
  MQTTPUSH_RETURN_IF_ERROR(
      client_.Call(absl::StrCat("AdminService/", verb, kind_.type), request,
                   resource.get()));
  return resource;
}

}  // namespace mqttpush::cli
