#include "services/http/health_handler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/http/http_error.h"

namespace mqttpush {

HttpHandler HealthHandler(std::string word, std::function<bool()> is_serving) {
  const std::string healthy = absl::StrCat("{\"status\":\"", word, "\"}\n");
  return [healthy, is_serving = std::move(is_serving)](const HttpRequest&,
                                                       HttpRespond respond) {
    respond(is_serving()
                ? JsonResponse(200, healthy)
                : HttpError(503, "NOT_SERVING", "the service is stopping"));
  };
}

}  // namespace mqttpush
