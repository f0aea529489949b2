#include "workers/worker/link_client.h"

#include <utility>

namespace mqttpush {
namespace {

// Whether `next` may become part of `last` without changing their order.
bool CanMerge(const wire::WorkerMessage& last,
              const wire::WorkerMessage& next) {
  return last.has_results() && next.has_results();
}

void Merge(wire::WorkerMessage& last, wire::WorkerMessage& next) {
  for (wire::Result& result : *next.mutable_results()->mutable_results()) {
    last.mutable_results()->add_results()->Swap(&result);
  }
}

}  // namespace

LinkClient::LinkClient(std::shared_ptr<grpc::Channel> channel,
                       OnMessage on_message, OnEnd on_end)
    : stub_(wire::WorkerLink::NewStub(std::move(channel))),
      on_message_(std::move(on_message)),
      on_end_(std::move(on_end)) {}

void LinkClient::Start(wire::Hello hello) {
  stub_->async()->Attach(&context_, this);
  StartRead(&incoming_);
  // Writes begin on other threads than the reactor's own.
  AddHold();
  StartCall();
  wire::WorkerMessage message;
  *message.mutable_hello() = std::move(hello);
  Send(std::move(message));
}

void LinkClient::Send(wire::WorkerMessage message) {
  MutexLock lock(&mutex_);
  if (!queue_.empty() && CanMerge(queue_.back(), message)) {
    Merge(queue_.back(), message);
  } else {
    queue_.push_back(std::move(message));
  }
  WriteNext();
}

void LinkClient::Finish() {
  MutexLock lock(&mutex_);
  if (state_ == State::kOpen) state_ = State::kFinishing;
  WriteNext();
}

void LinkClient::WriteNext() {
  if (writing_ || state_ == State::kEnded) return;
  if (!queue_.empty()) {
    outgoing_ = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    StartWrite(&outgoing_);
  } else if (state_ == State::kFinishing) {
    state_ = State::kEnded;
    StartWritesDone();
    RemoveHold();
  }
}

void LinkClient::OnReadDone(bool ok) {
  if (!ok) {
    EndNow();
    return;
  }
  on_message_(std::move(incoming_));
  incoming_.Clear();
  StartRead(&incoming_);
}

void LinkClient::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  writing_ = false;
  if (ok) WriteNext();
}

void LinkClient::EndNow() {
  MutexLock lock(&mutex_);
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  RemoveHold();  // which would keep OnDone back
}

void LinkClient::OnDone(const grpc::Status& status) { on_end_(status); }

}  // namespace mqttpush
