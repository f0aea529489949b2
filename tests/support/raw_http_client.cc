#include "tests/support/raw_http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

sockaddr_in SocketAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in result = {};
  result.sin_family = AF_INET;
  result.sin_port =
      htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &result.sin_addr);
  return result;
}

size_t ContentLength(const std::string& head) {
  constexpr absl::string_view kField = "\r\ncontent-length:";
  const std::string lower = absl::AsciiStrToLower(head);
  const size_t at = lower.find(std::string(kField));
  if (at == std::string::npos) return 0;
  const size_t begin = at + kField.size();
  size_t length = 0;
  (void)absl::SimpleAtoi(lower.substr(begin, lower.find("\r\n", begin) - begin),
                         &length);
  return length;
}

}  // namespace

RawHttpClient::RawHttpClient(const std::string& address, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
               sizeof receive_buffer);
  }
  const sockaddr_in to = SocketAddress(address);
  connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

RawHttpClient::~RawHttpClient() { close(fd_); }

bool RawHttpClient::Send(absl::string_view text) {
  while (!text.empty()) {
    pollfd ready = {fd_, POLLOUT, 0};
    if (poll(&ready, 1,
             static_cast<int>(absl::ToInt64Milliseconds(kPatience))) <= 0) {
      return false;
    }
    const ssize_t sent =
        send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawHttpClient::Readable(absl::Duration timeout) {
  pollfd ready = {fd_, POLLIN, 0};
  return !unread_.empty() ||
         poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) >
             0;
}

bool RawHttpClient::Fill() {
  pollfd ready = {fd_, POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) <=
      0) {
    return false;
  }
  char bytes[65536];
  const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  unread_.append(bytes, static_cast<size_t>(size));
  return true;
}

HttpAnswer RawHttpClient::Read(bool to_head) {
  constexpr size_t kStatusAt = 9;  // "HTTP/1.1 200"
  HttpAnswer answer;
  size_t end = std::string::npos;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return answer;
  }
  answer.head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  const size_t length = to_head ? 0 : ContentLength(answer.head);
  while (unread_.size() < length) {
    if (!Fill()) return answer;
  }
  answer.body = unread_.substr(0, length);
  unread_.erase(0, length);
  answer.status = std::atoi(answer.head.c_str() + kStatusAt);
  return answer;
}

bool RawHttpClient::WaitForEnd() {
  pollfd ready = {fd_, POLLIN, 0};
  while (Fill()) unread_.clear();
  return poll(&ready, 1, 0) > 0;  // the end, not patience's
}

HttpAnswer HttpGet(const std::string& address, const std::string& path,
                   const std::string& fields) {
  RawHttpClient client(address);
  client.Send(
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\n", fields, "\r\n"));
  return client.Read();
}

HttpAnswer HttpPost(const std::string& address, const std::string& path,
                    const std::string& body, const std::string& fields) {
  RawHttpClient client(address);
  client.Send(absl::StrCat(
      "POST ", path, " HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(),
      "\r\n", fields, "\r\n", body));
  return client.Read();
}

}  // namespace mqttpush
