// Admit: decides by the head of a request whether its body is read.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_ADMISSION_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_ADMISSION_H_

#include <cstdint>
#include <optional>
#include <variant>

#include "services/http/http_message.h"
#include "services/http/http_router.h"

namespace mqttpush {

// How the body is framed, as the head says.
struct HttpFraming {
  bool chunked = false;
  std::optional<uint64_t> content_length;
};

struct HttpAdmitted {
  const HttpRoute* route;
  size_t most_body_bytes;  // what it may come to
  bool expects_continue;   // the client waits for 100 before it sends the body
};

// The route, or the response that refuses the request: 404, 405, 413, 415, 417,
// 400, or what the route's own check says.
std::variant<HttpAdmitted, HttpResponse> Admit(const HttpRouter& router,
                                               const HttpRequest& head,
                                               const HttpFraming& framing);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_ADMISSION_H_
