// LinkPeer: one end of the worker link as a test plays it, with calls that
// block.
#ifndef MQTTPUSH_WORKERS_LINK_LINK_PEER_FOR_TEST_H_
#define MQTTPUSH_WORKERS_LINK_LINK_PEER_FOR_TEST_H_

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "google/protobuf/message_lite.h"
#include "workers/link/frames.h"

namespace mqttpush {

// Owns the socket. Not thread-safe.
class LinkPeer {
 public:
  explicit LinkPeer(int fd) : fd_(fd) {}
  ~LinkPeer() { Close(); }
  LinkPeer(const LinkPeer&) = delete;
  LinkPeer& operator=(const LinkPeer&) = delete;

  bool Write(const google::protobuf::MessageLite& message) {
    std::string frame;
    return AppendFrame(message, frame).ok() && WriteBytes(frame);
  }
  bool WriteBytes(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // The first bytes, which are in no frame.
  std::string ReadNonce() {
    std::string nonce(32, '\0');
    const ssize_t got = recv(fd_, nonce.data(), nonce.size(), MSG_WAITALL);
    return got == static_cast<ssize_t>(nonce.size()) ? nonce : "";
  }
  // False when the stream has ended.
  bool Read(google::protobuf::MessageLite* message) {
    while (true) {
      auto bytes = reader_.Next();
      if (!bytes.ok()) return false;
      if (bytes->has_value()) {
        return message->ParseFromArray((*bytes)->data(),
                                       static_cast<int>((*bytes)->size()));
      }
      std::array<char, 4096> chunk;
      const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
      if (got <= 0) return false;
      reader_.Feed({chunk.data(), static_cast<size_t>(got)});
    }
  }
  // Says nothing more.
  void Finish() { shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  FrameReader reader_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_LINK_LINK_PEER_FOR_TEST_H_
