// Frames: how messages are told apart in the stream between the control plane
// and a worker. A frame is the size of a message, in four bytes, least first,
// and the message.
#ifndef MQTTPUSH_WORKERS_LINK_FRAMES_H_
#define MQTTPUSH_WORKERS_LINK_FRAMES_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"

namespace mqttpush {

// Far above what either side says at once; more is garbage.
inline constexpr size_t kMaxFrameBytes = 16 << 20;

// Appends `message` as one frame. RESOURCE_EXHAUSTED, and nothing is appended,
// when it is too large.
absl::Status AppendFrame(const google::protobuf::MessageLite& message,
                         std::string& out);

// Finds the frames in bytes that come in pieces. Pure; not thread-safe.
class FrameReader {
 public:
  void Feed(absl::string_view bytes) {
    buffer_.append(bytes.data(), bytes.size());
  }
  // The next message's bytes, valid until the next call of either; nothing when
  // it is not complete. DATA_LOSS, from then on, when it is announced to be too
  // large.
  absl::StatusOr<std::optional<absl::string_view>> Next();
  // No part of a frame is left.
  bool empty() const { return taken_ == buffer_.size(); }

 private:
  std::string buffer_;
  size_t taken_ = 0;  // of `buffer_`
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_LINK_FRAMES_H_
