#include "tests/support/load_producer.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/rpc.h"

namespace mqttpush {

LoadProducer::LoadProducer(Options options)
    : options_(std::move(options)),
      address_(options_.address),
      thread_([this] { Run(); }) {}

LoadProducer::~LoadProducer() { Stop().IgnoreError(); }

void LoadProducer::SetAddress(const std::string& address) {
  MutexLock lock(&mutex_);
  address_ = address;
}

bool LoadProducer::WaitForAccepted(size_t count, absl::Duration timeout) {
  const absl::Time deadline = Clock::Real()->Now() + timeout;
  MutexLock lock(&mutex_);
  while (accepted_.size() < count) {
    const absl::Duration left = deadline - Clock::Real()->Now();
    if (left <= absl::ZeroDuration() || !failure_.ok()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

absl::Status LoadProducer::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  MutexLock lock(&mutex_);
  return failure_;
}

std::vector<std::string> LoadProducer::accepted() const {
  MutexLock lock(&mutex_);
  return accepted_;
}

void LoadProducer::Run() {
  do {
    if (!Send(NextBatch())) return;
  } while (Pause());
}

v1::PublishEventsRequest LoadProducer::NextBatch() const {
  MutexLock lock(&mutex_);
  v1::PublishEventsRequest batch;
  for (int i = 0; i < options_.batch_size; ++i) {
    const size_t number = accepted_.size() + i;
    *batch.add_events() =
        LocationEvent(absl::StrCat("load-", number), options_.owner_id,
                      static_cast<int64_t>(number));
  }
  return batch;
}

bool LoadProducer::Send(const v1::PublishEventsRequest& batch) {
  while (true) {
    const auto response =
        Call<v1::PublishEventsResponse>([&](auto* context, auto* response) {
          return NewStub()->PublishEvents(context, batch, response);
        });
    if (response.ok()) {
      Record(batch, *response);
      return true;
    }
    // The service is away, or ended before it answered: gRPC says CANCELLED of
    // calls that outlast the grace of a shutdown.
    {
      MutexLock lock(&mutex_);
      if (!absl::IsUnavailable(response.status()) &&
          !absl::IsCancelled(response.status())) {
        failure_ = response.status();
        stopping_ = true;
      }
    }
    if (!Pause()) return false;
  }
}

void LoadProducer::Record(const v1::PublishEventsRequest& batch,
                          const v1::PublishEventsResponse& response) {
  MutexLock lock(&mutex_);
  for (int i = 0; i < batch.events_size(); ++i) {
    const auto outcome = i < response.results_size()
                             ? response.results(i).outcome()
                             : v1::EventResult::OUTCOME_UNSPECIFIED;
    if (outcome == v1::EventResult::ACCEPTED ||
        outcome == v1::EventResult::DUPLICATE) {
      accepted_.push_back(batch.events(i).event_id());
    } else {
      failure_ = absl::InternalError(
          absl::StrCat(batch.events(i).event_id(), " is ",
                       v1::EventResult::Outcome_Name(outcome)));
      stopping_ = true;
    }
  }
  changed_.SignalAll();
}

bool LoadProducer::Pause() {
  MutexLock lock(&mutex_);
  if (!stopping_) changed_.WaitFor(&mutex_, options_.pause);
  return !stopping_;
}

std::unique_ptr<v1::IngestService::Stub> LoadProducer::NewStub() const {
  MutexLock lock(&mutex_);
  // gRPC shares the connections of channels to one address.
  return v1::IngestService::NewStub(
      grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
}

v1::Event LocationEvent(const std::string& event_id,
                        const std::string& owner_id, int64_t id) {
  v1::Event event;
  event.set_event_id(event_id);
  event.set_object_type(v1::LOCATION);
  event.set_payload(absl::StrCat(
      R"({"id":)", id, R"(,"assetId":"asset-)", id % 7, R"(","ownerId":")",
      owner_id, R"(","whenCreated":"2026-11-20T06:00:00Z",)",
      R"("latitude":55.676098,"longitude":12.568337})"));
  return event;
}

}  // namespace mqttpush
