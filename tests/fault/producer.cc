#include "tests/fault/producer.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/support/rpc.h"

namespace mqttpush::fault {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);
constexpr absl::Duration kRetryPause = absl::Milliseconds(20);

// What a service that is being killed, or whose disk is full, answers.
bool MayBeTriedAgain(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

}  // namespace

Producer::Producer(Options options, std::string address,
                   const std::vector<demo::FleetEvent>* fleet, Ledger* ledger)
    : options_(std::move(options)),
      fleet_(*fleet),
      ledger_(*ledger),
      address_(std::move(address)),
      thread_([this] { Run(); }) {}

Producer::~Producer() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void Producer::SetAddress(const std::string& address) {
  MutexLock lock(&mutex_);
  address_ = address;
}

absl::Status Producer::Finish(absl::Duration timeout) {
  const absl::Time deadline = Clock::Real()->Now() + timeout;
  MutexLock lock(&mutex_);
  while (!done_) {
    const absl::Duration left = deadline - Clock::Real()->Now();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(
          absl::StrCat("events are not accepted: ", last_error_.ToString()));
    }
    changed_.WaitFor(&mutex_, left);
  }
  return failure_;
}

void Producer::Run() {
  const absl::Duration pause =
      options_.span * options_.batch_size / std::max(1, options_.count);
  for (int sent = 0; sent < options_.count; sent += options_.batch_size) {
    if (!Send(Batch(options_.first_number + sent)) || !Pause(pause)) break;
  }
  MutexLock lock(&mutex_);
  done_ = true;
  changed_.SignalAll();
}

// An event of the sample fleet under another id and owner.
v1::Event Producer::EventOf(int64_t number) const {
  const auto& sample = fleet_[static_cast<size_t>(number) % fleet_.size()];
  const size_t end = sample.payload.find(',');
  v1::Event event;
  event.set_event_id(absl::StrCat(options_.id_prefix, number));
  event.set_object_type(sample.object_type);
  event.set_payload(absl::StrCat(
      "{\"id\":", number,
      absl::StrReplaceAll(sample.payload.substr(end),
                          {{sample.owner_id, options_.owner_id}})));
  return event;
}

v1::PublishEventsRequest Producer::Batch(int64_t first) const {
  const int64_t end = options_.first_number + options_.count;
  v1::PublishEventsRequest batch;
  for (int64_t number = first;
       number < std::min(end, first + options_.batch_size); ++number) {
    *batch.add_events() = EventOf(number);
  }
  return batch;
}

bool Producer::Send(const v1::PublishEventsRequest& batch) {
  for (bool again = false;; again = true) {
    grpc::ClientContext context;
    context.set_deadline(DeadlineAfter(kCallTimeout));
    v1::PublishEventsResponse response;
    const grpc::Status status =
        NewStub()->PublishEvents(&context, batch, &response);
    if (!status.ok() && MayBeTriedAgain(status)) {
      {
        MutexLock lock(&mutex_);
        last_error_ = FromGrpc(status);
      }
      if (!Pause(kRetryPause)) return false;
      continue;
    }
    const absl::Status result =
        status.ok() ? Record(batch, response, again) : FromGrpc(status);
    if (result.ok()) return true;
    MutexLock lock(&mutex_);
    failure_ = result;
    return false;
  }
}

absl::Status Producer::Record(const v1::PublishEventsRequest& batch,
                              const v1::PublishEventsResponse& response,
                              bool again) {
  for (int i = 0; i < batch.events_size(); ++i) {
    const v1::Event& event = batch.events(i);
    const auto outcome = i < response.results_size()
                             ? response.results(i).outcome()
                             : v1::EventResult::OUTCOME_UNSPECIFIED;
    if (outcome != v1::EventResult::ACCEPTED &&
        !(again && outcome == v1::EventResult::DUPLICATE)) {
      return absl::InternalError(absl::StrCat(
          event.event_id(), " is ", v1::EventResult::Outcome_Name(outcome)));
    }
    ledger_.Accepted({.tenant = options_.tenant,
                      .event_id = event.event_id(),
                      .number = NumberOf(event.payload()),
                      .digest = DigestOf(event.payload())});
  }
  return absl::OkStatus();
}

bool Producer::Pause(absl::Duration pause) {
  MutexLock lock(&mutex_);
  if (!stopping_) changed_.WaitFor(&mutex_, pause);
  return !stopping_;
}

std::unique_ptr<v1::IngestService::Stub> Producer::NewStub() {
  MutexLock lock(&mutex_);
  // gRPC shares the connections of channels to one address.
  return v1::IngestService::NewStub(
      grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
}

}  // namespace mqttpush::fault
