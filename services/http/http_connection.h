// HttpConnection: one connection of the listener, from its first request to its
// end.
//
// One request at a time: the next one is read when the one before has its
// response, so that a client that pipelines holds no more memory than another.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_CONNECTION_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_CONNECTION_H_

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "common/clock.h"
#include "services/http/http_admission.h"
#include "services/http/http_mailbox.h"
#include "services/http/http_message.h"
#include "services/http/http_options.h"
#include "services/http/http_router.h"
#include "services/http/http_stream.h"

namespace mqttpush {

class HttpConnection;

// Memory of which there is only so much.
class HttpMemory {
 public:
  explicit HttpMemory(size_t limit) : limit_(limit) {}
  // False when that is not left.
  bool Reserve(size_t bytes) {
    if (bytes > limit_ - used_) return false;
    used_ += bytes;
    return true;
  }
  void Release(size_t bytes) { used_ -= bytes; }

 private:
  const size_t limit_;
  size_t used_ = 0;
};

// What connections share. On the listener's thread.
class HttpHost {
 public:
  virtual ~HttpHost() = default;
  virtual const HttpOptions& options() const = 0;
  virtual const HttpRouter& router() const = 0;
  virtual const Clock& clock() const = 0;
  virtual const std::shared_ptr<HttpMailbox>& mailbox() const = 0;
  // For the bodies of requests, until their responses are written.
  virtual HttpMemory& request_memory() = 0;
  virtual HttpMemory& response_memory() = 0;
  // The last that is heard of a connection.
  virtual void Ended(const std::shared_ptr<HttpConnection>& connection) = 0;
};

// On the listener's thread only. `host` owns it, and outlives it.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Time = boost::asio::steady_timer::time_point;

  // `spare`: all other places are taken. One request is answered, if its route
  // is for that, then it ends.
  // `tls` is null for plaintext.
  HttpConnection(HttpStream::Socket socket, HttpStream::TlsContext tls,
                 HttpHost* host, bool spare);

  void Start();
  bool spare() const { return spare_; }
  // Since when the client is to do something; absent while a handler owes a
  // response.
  std::optional<Time> waiting_since() const;
  // Gives its place to another one: tells a client that is sending a request,
  // and ends, even if the rest of the request has just come. For one that
  // waits.
  void Displace();
  bool displaced() const { return displaced_; }
  // Lets a request that is under way finish, and ends.
  void Drain();
  // Ends at once, unless a handler owes a response.
  void Close();

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<  //
      boost::beast::http::string_body>;
  // What is going on, and so what a timeout means.
  enum class Phase {
    kHandshake,
    kIdle,
    kReading,
    kHandling,
    kWriting,
    kLingering,
    kEnded
  };

  void AwaitRequest();
  void ReadHead();
  void OnHead(ErrorCode error);
  void Accept(const HttpAdmitted& admitted);
  void SendContinue();
  void ReadBody();
  void OnBody(ErrorCode error);
  void Handle();
  void OnResponse(int64_t request_number, HttpResponse response);
  // Of a read that failed: responds if the client can be told, or ends.
  void OnReadError(ErrorCode error);
  // Responds; the connection goes on if nothing of the request is unread.
  void Refuse(HttpResponse response);
  void Write(HttpResponse response);
  // Gives back what the request and its response have taken.
  void Release();
  void OnWritten(ErrorCode error);
  // Takes what is still coming, so that the last response is not lost to a
  // reset.
  void Linger();
  void DiscardInput();
  void End();

  void Arm(Phase phase, absl::Duration timeout);
  void OnTimeout();

  HttpStream stream_;
  HttpHost* const host_;
  const bool spare_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::array<char, 4096> discarded_;

  Phase phase_ = Phase::kIdle;
  Time phase_began_;
  bool timed_out_ = false;
  bool displaced_ = false;
  bool draining_ = false;
  bool keep_alive_ = true;
  bool head_only_ = false;     // of a response to HEAD
  size_t request_bytes_ = 0;   // of the host's memory
  size_t response_bytes_ = 0;  // of the host's memory
  int64_t request_number_ = 0;
  std::optional<Parser> parser_;
  HttpRequest request_;
  const HttpRoute* route_ = nullptr;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::shared_ptr<const void> hold_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_CONNECTION_H_
