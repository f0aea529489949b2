#include "services/flowcore/transform_handler.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "services/api/text.h"
#include "services/flowcore/transform_report.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxShownBytes = 64;

void Reject(const FieldViolation& violation, v1::EventResult& result) {
  result.set_outcome(v1::EventResult::REJECTED);
  v1::Violation& added = *result.add_violations();
  added.set_field(ReplaceInvalidUtf8(violation.field));
  added.set_description(ReplaceInvalidUtf8(violation.description));
}

// Puts what ingest answered where an event had gone to it.
v1::PublishEventsResponse Merge(v1::PublishEventsResponse results,
                                v1::PublishEventsResponse ingested) {
  int next = 0;
  for (v1::EventResult& result : *results.mutable_results()) {
    if (result.outcome() == v1::EventResult::REJECTED) continue;
    result = std::move(*ingested.mutable_results(next++));
  }
  return results;
}

std::optional<HttpResponse> CheckSecret(
    const std::optional<SharedSecret>& secret, const HttpRequest& head) {
  if (!secret.has_value() || secret->Matches(head.headers.Get("X-Secret"))) {
    return std::nullopt;
  }
  return HttpError(401, "UNAUTHENTICATED",
                   "the X-Secret header is missing or is not the secret");
}

// None is taken for JSON; Flowcore's own clients send one.
std::optional<HttpResponse> CheckContentType(const HttpRequest& head) {
  const absl::string_view field = head.headers.Get("Content-Type");
  const std::string type = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(field.substr(0, field.find(';'))));
  if (type.empty() || type == "application/json" ||
      absl::EndsWith(type, "+json")) {
    return std::nullopt;
  }
  return HttpError(415, "UNSUPPORTED_MEDIA_TYPE",
                   "Content-Type must be application/json");
}

}  // namespace

void TransformHandler::operator()(const HttpRequest& request,
                                  HttpRespond respond) const {
  const absl::StatusOr<std::vector<Envelope>> envelopes =
      ParseEnvelopes(request.body);
  if (!envelopes.ok()) return respond(HttpErrorOf(envelopes.status()));
  v1::PublishEventsResponse results;
  v1::PublishEventsRequest events;
  for (const Envelope& envelope : *envelopes) {
    Convert(envelope, *results.add_results(), events);
  }
  if (events.events().empty()) return respond(MakeTransformReport(results));
  // Flowcore repeats the whole request.
  ingester_->Ingest(
      events,
      [results = std::move(results), respond](Ingester::Answer ingested) {
        if (!ingested.ok()) return respond(HttpErrorOf(ingested.status()));
        respond(MakeTransformReport(Merge(results, *std::move(ingested))));
      },
      Admit::kAllOrNone);
}

void TransformHandler::Convert(const Envelope& envelope,
                               v1::EventResult& result,
                               v1::PublishEventsRequest& request) const {
  result.set_event_id(ReplaceInvalidUtf8(
      Truncate(envelope.event_id, limits::kMaxEventIdBytes)));
  for (const FieldViolation& violation : envelope.violations) {
    Reject(violation, result);
  }
  const std::optional<ObjectType> type = flow_types_.Find(envelope.flow_type);
  if (!type.has_value() && !envelope.flow_type.empty()) {
    Reject({envelope.flow_type_field,
            absl::StrCat("must be one of ", flow_types_.Names(), ", not \"",
                         Truncate(envelope.flow_type, kMaxShownBytes), "\"")},
           result);
  }
  if (result.outcome() == v1::EventResult::REJECTED) {
    return ingester_->RememberRejected(result, type, envelope.payload);
  }
  v1::Event& event = *request.add_events();
  event.set_event_id(envelope.event_id);
  event.set_object_type(static_cast<v1::ObjectType>(*type));
  event.set_payload(std::string(envelope.payload));
}

HttpRoute TransformRoute(Ingester* ingester, FlowTypes flow_types,
                         std::optional<SharedSecret> secret) {
  return {.handler = TransformHandler(ingester, std::move(flow_types)),
          .check =
              [secret](const HttpRequest& head) {
                auto refusal = CheckSecret(secret, head);
                return refusal.has_value() ? refusal : CheckContentType(head);
              },
          .max_body_bytes = limits::kMaxRequestBytes};
}

}  // namespace mqttpush
