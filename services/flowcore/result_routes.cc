#include "services/flowcore/result_routes.h"

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "common/status_macros.h"
#include "services/api/errors.h"
#include "services/api/text.h"
#include "services/flowcore/read_permits.h"
#include "services/flowcore/result_pages.h"
#include "services/flowcore/stream_lookups.h"
#include "services/http/http_error.h"
#include "services/http/http_query.h"

namespace mqttpush {
namespace {

constexpr char kTranslatePath[] =
    "/api/v1/tenants/translate-name-to-id/{tenant}";
constexpr char kInstancePath[] = "/api/v1/tenants/by-name/{tenant}/instance";
constexpr size_t kMaxShownBytes = 64;

// Of one tenant: being read, waiting for that, or on their way to the client.
constexpr int kMostReads = 8;

// A request of somebody whose token is good.
struct Caller {
  const HttpRequest request;
  const HttpQuery query;
  const std::shared_ptr<const ConfigSnapshot> config;
  const TenantRecord& tenant;  // of config
  const ResultStream stream;
};

HttpResponse Unauthenticated() {
  HttpResponse response = HttpError(
      401, "UNAUTHENTICATED",
      "Authorization must be \"ApiKey <id>:<token>\" or \"Bearer <token>\", "
      "with a token of this service");
  response.headers.Add("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse NotFound(absl::string_view what, absl::string_view name) {
  return HttpError(404, "NOT_FOUND",
                   absl::StrCat("there is no ", what, " \"",
                                Truncate(name, kMaxShownBytes), "\""));
}

HttpResponse Answer(const absl::StatusOr<std::string>& json) {
  if (json.ok()) return JsonResponse(200, *json + "\n");
  if (absl::IsInvalidArgument(json.status())) return HttpErrorOf(json.status());
  return HttpErrorOf(errors::LogUnavailable(json.status()));
}

HttpResponse TooManyReads() {
  return HttpRetryLater(
      429, "TOO_MANY_READS",
      absl::StrCat(kMostReads,
                   " requests of the tenant are under way; read "
                   "their responses, and try again later"));
}

// The tenant of the path must be the token's.
HttpResponse IfOwn(const Caller& caller, const char* pattern,
                   const std::string& json) {
  const std::string name = HttpQuery::Decode(
      MatchSegment(pattern, caller.request.path).value_or(""));
  if (name != caller.tenant.id) return NotFound("tenant", name);
  return JsonResponse(200, json + "\n");
}

// All must be the one that there is, by its name or its id.
std::optional<HttpResponse> CheckEventTypes(
    const Caller& caller, const std::vector<std::string>& event_types) {
  for (const std::string& type : event_types) {
    if (type != kResultEventType && type != caller.stream.event_type_id) {
      return NotFound("event type", type);
    }
  }
  return std::nullopt;
}

class ResultRoutes : public std::enable_shared_from_this<ResultRoutes> {
 public:
  ResultRoutes(const ResultSources& sources, FlowTypes flow_types,
               std::shared_ptr<AccessTokens> tokens)
      : sources_(sources),
        flow_types_(std::move(flow_types)),
        tokens_(std::move(tokens)) {}

  HttpResponse TranslateTenant(const Caller& caller) const {
    return IfOwn(caller, kTranslatePath, TenantIdJson(caller.stream));
  }
  HttpResponse TenantInstance(const Caller& caller) const {
    return IfOwn(caller, kInstancePath, TenantInstanceJson());
  }
  HttpResponse DataCores(const Caller& caller) const {
    return Answer(DataCoresJson(caller.stream, caller.query));
  }
  HttpResponse FlowTypesOf(const Caller& caller) const {
    return Answer(FlowTypesJson(caller.stream, caller.query));
  }
  HttpResponse EventTypes(const Caller& caller) const {
    return Answer(
        EventTypesJson(caller.stream, caller.tenant.create_time, caller.query));
  }
  HttpResponse TimeBuckets(const Caller& caller) const {
    const auto request = ParseTimeBuckets(caller.query);
    if (!request.ok()) return HttpErrorOf(request.status());
    return Read(caller, request->event_types, [&](ResultPages& pages) {
      return pages.TimeBuckets(*request);
    });
  }
  HttpResponse Events(const Caller& caller) const {
    const auto request = ParseEvents(caller.query);
    if (!request.ok()) return HttpErrorOf(request.status());
    return Read(caller, request->event_types,
                [&](ResultPages& pages) { return pages.Events(*request); });
  }

  using Route = HttpResponse (ResultRoutes::*)(const Caller& caller) const;
  // Beside the listener's thread, for the tokens' file is read; all who ask
  // share one turn for that, and take those of their tenants to read the log.
  void Handle(Route route, const HttpRequest& request, HttpRespond respond) {
    sources_.pool->Post("", [self = shared_from_this(), route, request,
                             respond = std::move(respond)] {
      self->Authenticate(route, request, respond);
    });
  }

 private:
  void Authenticate(Route route, const HttpRequest& request,
                    const HttpRespond& respond) {
    const absl::string_view token =
        TokenOf(request.headers.Get("Authorization"));
    if (token.empty()) return respond(Unauthenticated());
    const std::optional<std::string> tenant_id = tokens_->FindTenant(token);
    if (!tenant_id.has_value()) return respond(Unauthenticated());
    const auto config = sources_.config->Snapshot();
    const TenantRecord* tenant = config->FindTenant(*tenant_id);
    if (tenant == nullptr) return respond(NotFound("tenant", *tenant_id));
    auto permit = permits_.Take(*tenant_id);
    if (permit == nullptr) return respond(TooManyReads());
    const auto caller = std::make_shared<const Caller>(
        Caller{.request = request,
               .query = HttpQuery(request.query),
               .config = config,
               .tenant = *tenant,
               .stream = ResultStreamOf(tenant->id)});
    sources_.pool->Post(*tenant_id,
                        [self = shared_from_this(), route, caller, respond,
                         permit = std::move(permit)]() mutable {
                          HttpResponse response = (self.get()->*route)(*caller);
                          response.hold = std::move(permit);
                          respond(std::move(response));
                        });
  }

  template <typename ReadPage>
  HttpResponse Read(const Caller& caller,
                    const std::vector<std::string>& event_types,
                    ReadPage read) const {
    if (auto unknown = CheckEventTypes(caller, event_types)) return *unknown;
    HistoryQuery query;
    query.tenant_uid = caller.tenant.uid;
    if (caller.tenant.history_retention.has_value()) {
      query.retained_since =
          sources_.clock->Now() - *caller.tenant.history_retention;
    }
    const ResultContext context = {.stream = caller.stream,
                                   .flow_types = flow_types_,
                                   .config = *caller.config};
    ResultPages pages(*sources_.journal, *sources_.clock, query, context);
    return Answer(read(pages));
  }

  const ResultSources sources_;
  const FlowTypes flow_types_;
  const std::shared_ptr<AccessTokens> tokens_;
  ReadPermits permits_{kMostReads};
};

}  // namespace

void AddResultRoutes(const ResultSources& sources, FlowTypes flow_types,
                     std::shared_ptr<AccessTokens> tokens, HttpRouter& router) {
  const auto routes = std::make_shared<ResultRoutes>(
      sources, std::move(flow_types), std::move(tokens));
  const auto add = [&](const char* path, ResultRoutes::Route route) {
    router.Add("GET", path,
               {.handler = [routes, route](const HttpRequest& request,
                                           HttpRespond respond) {
                 routes->Handle(route, request, std::move(respond));
               }});
  };
  add("/api/v1/time-buckets", &ResultRoutes::TimeBuckets);
  add("/api/v1/events", &ResultRoutes::Events);
  add(kTranslatePath, &ResultRoutes::TranslateTenant);
  add(kInstancePath, &ResultRoutes::TenantInstance);
  add("/api/v1/data-cores", &ResultRoutes::DataCores);
  add("/api/v1/flow-types", &ResultRoutes::FlowTypesOf);
  add("/api/v1/event-types", &ResultRoutes::EventTypes);
}

}  // namespace mqttpush
