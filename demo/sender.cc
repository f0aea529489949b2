#include "demo/sender.h"

#include <algorithm>

#include "tests/support/rpc.h"

namespace mqttpush::demo {
namespace {

constexpr size_t kBatchSize = 16;

using Results = std::vector<v1::EventResult>;

v1::PublishEventsRequest Batch(const std::vector<FleetEvent>& fleet,
                               size_t begin, size_t end) {
  v1::PublishEventsRequest request;
  for (size_t i = begin; i < end; ++i) {
    v1::Event* const event = request.add_events();
    event->set_event_id(fleet[i].event_id);
    event->set_object_type(fleet[i].object_type);
    event->set_payload(fleet[i].payload);
  }
  return request;
}

void Append(const v1::PublishEventsResponse& response, Results& results) {
  results.insert(results.end(), response.results().begin(),
                 response.results().end());
}

absl::Status PublishRange(const std::vector<FleetEvent>& fleet, size_t end,
                          v1::IngestService::StubInterface& ingest,
                          Results& results,
                          const std::function<void(size_t)>& progress) {
  for (size_t i = 0; i < end; i += kBatchSize) {
    const v1::PublishEventsRequest request =
        Batch(fleet, i, std::min(end, i + kBatchSize));
    const auto response =
        Call<v1::PublishEventsResponse>([&](auto* context, auto* response) {
          return ingest.PublishEvents(context, request, response);
        });
    if (!response.ok()) return response.status();
    Append(*response, results);
    progress(results.size());
  }
  return absl::OkStatus();
}

// Writes a batch and reads its answer in turn: a simple producer. The service
// would take several batches before the first answer.
absl::Status StreamRange(const std::vector<FleetEvent>& fleet, size_t begin,
                         v1::IngestService::StubInterface& ingest,
                         Results& results,
                         const std::function<void(size_t)>& progress) {
  grpc::ClientContext context;
  context.set_deadline(DeadlineAfter(absl::Minutes(2)));
  const auto stream = ingest.StreamEvents(&context);
  for (size_t i = begin; i < fleet.size(); i += kBatchSize) {
    v1::PublishEventsResponse response;
    if (!stream->Write(
            Batch(fleet, i, std::min(fleet.size(), i + kBatchSize))) ||
        !stream->Read(&response)) {
      break;
    }
    Append(response, results);
    progress(results.size());
  }
  stream->WritesDone();
  return FromGrpc(stream->Finish());
}

}  // namespace

absl::StatusOr<Results> SendFleet(const std::vector<FleetEvent>& fleet,
                                  v1::IngestService::StubInterface& ingest,
                                  const std::function<void(size_t)>& progress) {
  Results results;
  const size_t half = fleet.size() / 2;
  absl::Status status = PublishRange(fleet, half, ingest, results, progress);
  if (status.ok()) status = StreamRange(fleet, half, ingest, results, progress);
  if (!status.ok()) return status;
  if (results.size() != fleet.size()) {
    return absl::InternalError("the service did not answer every event");
  }
  return results;
}

}  // namespace mqttpush::demo
