#include "bench/load.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/pacing.h"
#include "common/status_macros.h"
#include "tests/support/rpc.h"

namespace mqttpush::bench {
namespace {

using Stream = grpc::ClientReaderWriterInterface<v1::PublishEventsRequest,
                                                 v1::PublishEventsResponse>;

constexpr int kBatch = 100;
constexpr absl::Duration kTick = absl::Milliseconds(2);
constexpr absl::Duration kLookInterval = absl::Milliseconds(50);

// Reads to the end. The first event that was not accepted.
absl::Status ReadAnswers(Stream& stream, int64_t& accepted) {
  absl::Status first;
  v1::PublishEventsResponse response;
  while (stream.Read(&response)) {
    for (const v1::EventResult& result : response.results()) {
      if (result.outcome() == v1::EventResult::ACCEPTED) {
        ++accepted;
      } else if (first.ok()) {
        first = absl::InternalError(
            absl::StrCat("not accepted: ", result.ShortDebugString()));
      }
    }
  }
  return first;
}

}  // namespace

v1::PublishEventsRequest Load::Batch(int64_t count) {
  v1::PublishEventsRequest batch;
  for (int64_t i = 0; i < count; ++i, ++next_number_) {
    *batch.add_events() = samples_.Make(
        next_number_, static_cast<int>(next_number_ % installation_.tenants()));
  }
  return batch;
}

absl::Status Load::Stream(int64_t count, int batch,
                          const std::function<absl::Status()>& before_batch) {
  grpc::ClientContext context;
  context.set_deadline(DeadlineAfter(absl::Hours(1)));
  const auto stream = installation_.service().ingest().StreamEvents(&context);
  int64_t accepted = 0;
  absl::Status answers;
  std::thread reader([&] { answers = ReadAnswers(*stream, accepted); });
  absl::Status ready;
  for (int64_t sent = 0; sent < count && ready.ok(); sent += batch) {
    ready = before_batch();
    if (!ready.ok()) break;
    const int64_t size = std::min<int64_t>(batch, count - sent);
    if (!stream->Write(Batch(size))) break;
  }
  stream->WritesDone();
  reader.join();
  MQTTPUSH_RETURN_IF_ERROR(FromGrpc(stream->Finish()));
  MQTTPUSH_RETURN_IF_ERROR(answers);
  MQTTPUSH_RETURN_IF_ERROR(ready);
  if (accepted == count) return absl::OkStatus();
  return absl::InternalError("not every event was answered");
}

absl::Status Load::StreamAsDelivered(int64_t count) {
  return Stream(count, kBatch, [this] { return HoldBack(); });
}

absl::Status Load::HoldBack() {
  if (SteadyNow() < looked_ + kLookInterval) return absl::OkStatus();
  const int tenant = static_cast<int>(next_look_++ % installation_.tenants());
  const int64_t most = std::max(1, kMostOpen / installation_.tenants());
  const absl::Duration deadline = SteadyNow() + absl::Minutes(2);
  while (SteadyNow() < deadline) {
    MQTTPUSH_ASSIGN_OR_RETURN(const v1::Backlog backlog,
                              installation_.BacklogOf(tenant));
    looked_ = SteadyNow();
    const int64_t open = backlog.waiting_count() + backlog.in_flight_count();
    if (open < most) return absl::OkStatus();
    LetPass(kLookInterval / 5);
  }
  return absl::DeadlineExceededError("the backlog does not get shorter");
}

absl::Status Load::StreamAtRate(double rate, absl::Duration duration) {
  const int batch = static_cast<int>(
      std::clamp(std::round(rate * absl::ToDoubleSeconds(kTick)), 1.0, 1000.0));
  Pacer pacer(absl::Seconds(batch / rate));
  const auto count =
      static_cast<int64_t>(rate * absl::ToDoubleSeconds(duration));
  return Stream(std::max<int64_t>(count, 1), batch, [&] {
    pacer.Next();
    return absl::OkStatus();
  });
}

}  // namespace mqttpush::bench
