#include "services/ingest/ingest_service.h"

#include <utility>

#include "services/api/status.h"
#include "services/ingest/stream_reactor.h"

namespace mqttpush {

grpc::ServerUnaryReactor* IngestService::PublishEvents(
    grpc::CallbackServerContext* context,
    const v1::PublishEventsRequest* request,
    v1::PublishEventsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  ingester_->Ingest(*request, [reactor, response](Ingester::Answer answer) {
    if (answer.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpcStatus(answer.status()));
  });
  return reactor;
}

grpc::ServerBidiReactor<v1::PublishEventsRequest, v1::PublishEventsResponse>*
IngestService::StreamEvents(grpc::CallbackServerContext* context) {
  return new StreamReactor([this](const v1::PublishEventsRequest& request,
                                  StreamReactor::AnswerDone done) {
    ingester_->Ingest(request, std::move(done));
  });
}

}  // namespace mqttpush
