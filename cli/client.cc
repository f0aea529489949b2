#include "cli/client.h"

#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/errors.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::Message;

// A page of 1,000 deliveries, and any payload, with room.
constexpr int kMaxResponseBytes = 64 << 20;
// Between attempts to connect. gRPC's own grow to two minutes, and a stream
// that goes on would wait for them where the service is back after a second.
constexpr int kFirstReconnectMs = 200;
constexpr int kLongestReconnectMs = 1000;

std::shared_ptr<grpc::Channel> Connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

Client::Client(Settings settings, const Clock* clock)
    : settings_(std::move(settings)),
      clock_(clock),
      channel_(Connect(settings_.server)),
      history_(v1::HistoryService::NewStub(channel_)) {}

absl::Status Client::Call(absl::string_view method, const Message& request,
                          Message* response, absl::Duration longer) {
  grpc::TemplatedGenericStub<Message, Message> stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(Deadline(longer));
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, absl::StrCat("/mqttpush.v1.", method),
                 grpc::StubOptions(), &request, response,
                 [&](grpc::Status status) { done.set_value(status); });
  return ToStatus(done.get_future().get());
}

std::chrono::system_clock::time_point Client::Deadline(
    absl::Duration longer) const {
  return absl::ToChronoTime(clock_->Now() + settings_.timeout + longer);
}

absl::Status Client::ToStatus(const grpc::Status& status) const {
  return FromGrpc(status, settings_.server);
}

}  // namespace mqttpush::cli
