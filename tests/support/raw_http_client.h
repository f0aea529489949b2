// RawHttpClient: a socket on which a test says what it likes as HTTP, and reads
// what comes back.
#ifndef MQTTPUSH_TESTS_SUPPORT_RAW_HTTP_CLIENT_H_
#define MQTTPUSH_TESTS_SUPPORT_RAW_HTTP_CLIENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush {

struct HttpAnswer {
  int status = 0;    // 0: the connection ended, or nothing came in time
  std::string head;  // status line and fields
  std::string body;
};

// Waits at most 30 s for anything. Not thread-safe.
class RawHttpClient {
 public:
  // Connects to "127.0.0.1:port". `receive_buffer` 0: the system's.
  explicit RawHttpClient(const std::string& address, int receive_buffer = 0);
  ~RawHttpClient();
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;

  // False once the other end has closed.
  bool Send(absl::string_view text);
  // Whether an answer, or the end, is there within `timeout`.
  bool Readable(absl::Duration timeout);
  // The next answer; `to_head`: without its body.
  HttpAnswer Read(bool to_head = false);
  // Whether the other end closes, after whatever it still sends.
  bool WaitForEnd();

 private:
  // Reads something more; false at the end.
  bool Fill();

  int fd_;
  std::string unread_;
};

// One request on a connection of its own. `fields` end with "\r\n" each.
HttpAnswer HttpGet(const std::string& address, const std::string& path,
                   const std::string& fields = "");
HttpAnswer HttpPost(const std::string& address, const std::string& path,
                    const std::string& body, const std::string& fields = "");

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_RAW_HTTP_CLIENT_H_
