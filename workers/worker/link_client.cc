#include "workers/worker/link_client.h"

#include <utility>

namespace mqttpush {

LinkClient::LinkClient(EventLoop* loop, int fd, const wire::Hello& hello,
                       OnMessage on_message, OnEnd on_end)
    : on_message_(std::move(on_message)),
      stream_(loop, fd,
              {.other_end = "control plane",
               .on_message =
                   [this](absl::string_view bytes) { return Take(bytes); },
               .on_end = std::move(on_end)}) {
  wire::WorkerMessage message;
  *message.mutable_hello() = hello;
  Send(std::move(message));
}

absl::Status LinkClient::Take(absl::string_view bytes) {
  wire::ControlMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("what the control plane said is garbage");
  }
  on_message_(std::move(message));
  return absl::OkStatus();
}

}  // namespace mqttpush
