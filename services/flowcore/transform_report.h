// TransformReport: what POST /transform answers.
//
//   200 {"status":"ok","statusCode":200,
//        "results":[{"eventId":"…","outcome":"ACCEPTED"}]}
//
// An outcome is one of PublishEvents: ACCEPTED, DUPLICATE, NO_SUBSCRIPTION, or
// REJECTED. With one or more of the last the status is 400, and the body has
// the error (http_error.h) before the results; the others are stored all the
// same.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_

#include "mqttpush/v1/ingest_service.pb.h"
#include "services/http/http_message.h"

namespace mqttpush {

HttpResponse MakeTransformReport(const v1::PublishEventsResponse& results);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_
