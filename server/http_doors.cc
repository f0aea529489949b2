#include "server/http_doors.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "services/flowcore/shared_secret.h"
#include "services/flowcore/tokens_file.h"
#include "services/flowcore/transform_handler.h"
#include "services/http/health_handler.h"
#include "services/http/static_document.h"
#include "services/ingest/asyncapi_document.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

absl::StatusOr<std::optional<SharedSecret>> LoadSecret(
    const ServerConfig& config) {
  if (config.flowcore_secret_file.empty()) return std::nullopt;
  absl::StatusOr<SharedSecret> secret =
      SharedSecret::Load(config.flowcore_secret_file);
  if (secret.ok()) return *std::move(secret);
  return absl::Status(
      secret.status().code(),
      absl::StrCat("--flowcore-secret-file: ", secret.status().message()));
}

// Without the file there are no such routes.
absl::Status AddResults(const ServerConfig& config,
                        const ResultSources& sources, HttpRouter& router) {
  if (config.flowcore_tokens_file.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<TokensFile>> tokens =
      TokensFile::Open(config.flowcore_tokens_file);
  if (!tokens.ok()) {
    return absl::Status(
        tokens.status().code(),
        absl::StrCat("--flowcore-tokens-file: ", tokens.status().message()));
  }
  AddResultRoutes(sources, config.flowcore_flow_types, *std::move(tokens),
                  router);
  return absl::OkStatus();
}

void AddDocument(const std::string& path, absl::string_view text,
                 HttpRouter& router) {
  router.Add(
      "GET", path,
      {.handler = StaticDocument("application/json", std::string(text))});
}

}  // namespace

absl::StatusOr<HttpRouter> MakeHttpRouter(const ServerConfig& config,
                                          HttpDoors doors) {
  MQTTPUSH_ASSIGN_OR_RETURN(std::optional<SharedSecret> secret,
                            LoadSecret(config));
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string asyncapi,
                            MakeAsyncApiDocument(kOpenApiDocument));
  HttpRouter router;
  router.Add(
      "GET", "/healthz",
      {.handler = HealthHandler("SERVING", doors.is_serving), .always = true});
  router.Add(
      "GET", "/health",
      {.handler = HealthHandler("ok", doors.is_serving), .always = true});
  router.Add("POST", "/transform",
             TransformRoute(doors.ingester, config.flowcore_flow_types,
                            std::move(secret)));
  MQTTPUSH_RETURN_IF_ERROR(AddResults(config, doors.results, router));
  AddDocument("/openapi.json", kOpenApiDocument, router);
  AddDocument("/asyncapi.json", asyncapi, router);
  return router;
}

}  // namespace mqttpush
