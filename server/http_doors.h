// MakeHttpRouter: everything that the HTTP listener serves, on one page.
#ifndef MQTTPUSH_SERVER_HTTP_DOORS_H_
#define MQTTPUSH_SERVER_HTTP_DOORS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "services/flowcore/result_routes.h"
#include "services/http/http_router.h"
#include "services/ingest/ingester.h"

namespace mqttpush {

struct HttpDoors {
  Ingester* ingester;  // must outlive the router
  ResultSources results;
  std::function<bool()> is_serving;
};

// An error names the setting that cannot be used.
absl::StatusOr<HttpRouter> MakeHttpRouter(const ServerConfig& config,
                                          HttpDoors doors);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_HTTP_DOORS_H_
