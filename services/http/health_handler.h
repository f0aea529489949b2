// HealthHandler: whether the service serves, for those who ask by HTTP.
#ifndef MQTTPUSH_SERVICES_HTTP_HEALTH_HANDLER_H_
#define MQTTPUSH_SERVICES_HTTP_HEALTH_HANDLER_H_

#include <functional>
#include <string>

#include "services/http/http_message.h"

namespace mqttpush {

// 200 with {"status": `word`} while `is_serving`, 503 otherwise. `is_serving`
// must not block.
HttpHandler HealthHandler(std::string word, std::function<bool()> is_serving);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HEALTH_HANDLER_H_
