#include "services/http/http_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>
#include <sstream>
#include <utility>

#include "services/http/http_converters.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

// What is read at once.
constexpr size_t kReadBytes = 64 << 10;
// Beast 1.74 takes boost::none for a limit of 0.
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

HttpResponse TookTooLong() {
  return HttpError(408, "REQUEST_TIMEOUT",
                   "the request did not come to its end in time");
}

HttpResponse ServiceBusy() {
  return HttpRetryLater(429, "SERVICE_BUSY",
                        "too many requests at once; try again later");
}

HttpResponse TooManyConnections() {
  return HttpRetryLater(503, "TOO_MANY_CONNECTIONS", "too many connections");
}

// HTTP/1.0 has its own ways to ask for it, which nobody needs.
bool KeepsAlive(const BeastRequest& request) {
  return request.version() == kHttp11 && request.keep_alive();
}

}  // namespace

HttpConnection::HttpConnection(HttpStream::Socket socket,
                               HttpStream::TlsContext tls, HttpHost* host,
                               bool spare)
    : stream_(std::move(socket), std::move(tls)),
      host_(host),
      spare_(spare),
      timer_(stream_.get_executor()),
      buffer_(host->options().max_header_bytes + kReadBytes) {}

void HttpConnection::Start() {
  if (!stream_.is_tls()) return AwaitRequest();
  Arm(Phase::kHandshake, host_->options().header_timeout);
  stream_.AsyncHandshake([self = shared_from_this()](ErrorCode error) {
    if (error) return self->End();
    self->AwaitRequest();
  });
}

void HttpConnection::AwaitRequest() {
  if (draining_ || displaced_) return End();
  head_only_ = false;
  parser_.emplace();
  parser_->header_limit(host_->options().max_header_bytes);
  parser_->body_limit(kNoLimit);              // Accept sets one
  if (buffer_.size() > 0) return ReadHead();  // pipelined
  Arm(Phase::kIdle, host_->options().idle_timeout);
  stream_.async_read_some(
      buffer_.prepare(host_->options().max_header_bytes),
      [self = shared_from_this()](ErrorCode error, size_t size) {
        if (error) return self->End();
        self->buffer_.commit(size);
        self->ReadHead();
      });
}

void HttpConnection::ReadHead() {
  Arm(Phase::kReading, host_->options().header_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](ErrorCode error, size_t) {
                            self->OnHead(error);
                          });
}

void HttpConnection::OnHead(ErrorCode error) {
  if (displaced_) return End();
  if (error) return OnReadError(error);
  request_ = ToHttpRequest(parser_->get());
  keep_alive_ = KeepsAlive(parser_->get()) && !draining_ && !spare_;
  head_only_ = request_.method == "HEAD";
  HttpFraming framing = {.chunked = parser_->chunked()};
  if (parser_->content_length()) {
    framing.content_length = *parser_->content_length();
  }
  auto admitted = Admit(host_->router(), request_, framing);
  if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
    return Refuse(std::move(*refusal));
  }
  Accept(std::get<HttpAdmitted>(admitted));
}

void HttpConnection::Accept(const HttpAdmitted& admitted) {
  if (spare_ && !admitted.route->always) return Refuse(TooManyConnections());
  if (!host_->request_memory().Reserve(admitted.most_body_bytes)) {
    return Refuse(ServiceBusy());
  }
  request_bytes_ = admitted.most_body_bytes;
  route_ = admitted.route;
  parser_->body_limit(route_->max_body_bytes);
  if (parser_->is_done()) return Handle();
  Arm(Phase::kReading, host_->options().body_timeout);
  if (admitted.expects_continue && buffer_.size() == 0) return SendContinue();
  ReadBody();
}

void HttpConnection::SendContinue() {
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](ErrorCode error, size_t) {
                      if (error) return self->End();
                      self->ReadBody();
                    });
}

void HttpConnection::ReadBody() {
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](ErrorCode error, size_t) {
                     self->OnBody(error);
                   });
}

void HttpConnection::OnBody(ErrorCode error) {
  if (displaced_) return End();
  if (error) return OnReadError(error);
  request_.body = std::move(parser_->get().body());
  Handle();
}

void HttpConnection::Handle() {
  timer_.cancel();
  phase_ = Phase::kHandling;
  const int64_t number = ++request_number_;
  route_->handler(
      request_, [mailbox = host_->mailbox(), weak = weak_from_this(),
                 number](HttpResponse response) {
        mailbox->Post([weak, number, response = std::move(response)]() mutable {
          if (auto self = weak.lock()) {
            self->OnResponse(number, std::move(response));
          }
        });
      });
  // What it needs, the handler has taken.
  request_ = HttpRequest();
}

void HttpConnection::OnResponse(int64_t request_number, HttpResponse response) {
  if (phase_ != Phase::kHandling || request_number != request_number_) return;
  keep_alive_ = keep_alive_ && !draining_;
  const size_t bytes = response.body.size();
  if (bytes > host_->options().max_header_bytes) {
    if (!host_->response_memory().Reserve(bytes)) return Write(ServiceBusy());
    response_bytes_ = bytes;
  }
  Write(std::move(response));
}

void HttpConnection::OnReadError(ErrorCode error) {
  keep_alive_ = false;
  if (timed_out_) return Write(TookTooLong());
  std::optional<HttpResponse> response = ResponseToReadError(error);
  if (!response.has_value()) return End();
  Write(*std::move(response));
}

// After a 400 nobody can tell where the next request begins.
void HttpConnection::Refuse(HttpResponse response) {
  keep_alive_ = keep_alive_ && parser_->is_done() && response.status != 400;
  Write(std::move(response));
}

void HttpConnection::Write(HttpResponse response) {
  Arm(Phase::kWriting, host_->options().write_timeout);
  hold_ = std::move(response.hold);
  response_ =
      ToBeastResponse(std::move(response), {.head_only = head_only_,
                                            .keep_alive = keep_alive_,
                                            .time = host_->clock().Now()});
  http::async_write(stream_, response_,
                    [self = shared_from_this()](ErrorCode error, size_t) {
                      self->OnWritten(error);
                    });
}

void HttpConnection::OnWritten(ErrorCode error) {
  if (error) return End();
  Release();
  if (!keep_alive_) return Linger();
  AwaitRequest();
}

void HttpConnection::Release() {
  response_ = {};
  hold_ = nullptr;
  host_->request_memory().Release(std::exchange(request_bytes_, 0));
  host_->response_memory().Release(std::exchange(response_bytes_, 0));
}

void HttpConnection::Linger() {
  Arm(Phase::kLingering, host_->options().linger_timeout);
  stream_.AsyncEndWriting(
      [self = shared_from_this()](ErrorCode) { self->DiscardInput(); });
}

void HttpConnection::DiscardInput() {
  stream_.socket().async_read_some(
      asio::buffer(discarded_),
      [self = shared_from_this()](ErrorCode error, size_t) {
        if (error) return self->End();
        self->DiscardInput();
      });
}

std::optional<HttpConnection::Time> HttpConnection::waiting_since() const {
  if (phase_ == Phase::kHandling) return std::nullopt;
  return phase_began_;
}

// The socket takes so little at once, or the client goes without; with TLS it
// does.
void HttpConnection::Displace() {
  displaced_ = true;
  if (phase_ == Phase::kReading && !stream_.is_tls()) {
    ErrorCode ignored;
    std::ostringstream text;
    text << ToBeastResponse(TooManyConnections(),
                            {.time = host_->clock().Now()});
    stream_.socket().non_blocking(true, ignored);
    stream_.socket().write_some(asio::buffer(text.str()), ignored);
  }
  Close();
}

void HttpConnection::Drain() {
  draining_ = true;
  if (phase_ == Phase::kIdle) Close();
}

// The operation that is under way fails and leads to End.
void HttpConnection::Close() {
  ErrorCode ignored;
  stream_.socket().close(ignored);
}

void HttpConnection::End() {
  phase_ = Phase::kEnded;
  timer_.cancel();
  Close();
  Release();
  host_->Ended(shared_from_this());
}

void HttpConnection::Arm(Phase phase, absl::Duration timeout) {
  phase_ = phase;
  phase_began_ = asio::steady_timer::clock_type::now();
  timer_.expires_after(absl::ToChronoMilliseconds(timeout));
  timer_.async_wait([weak = weak_from_this()](ErrorCode error) {
    auto self = weak.lock();
    if (error || self == nullptr) return;
    // It may have been armed again while this was on its way.
    if (self->timer_.expiry() <= asio::steady_timer::clock_type::now()) {
      self->OnTimeout();
    }
  });
}

// Reading ends as at the end of the input, and a response can still be sent.
// Not by cancelling: that would miss a read that is just between two parts.
void HttpConnection::OnTimeout() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kReading) {
    timed_out_ = true;
    ErrorCode ignored;
    stream_.socket().shutdown(HttpStream::Socket::shutdown_receive, ignored);
  } else if (phase_ == Phase::kHandshake || phase_ == Phase::kWriting ||
             phase_ == Phase::kLingering) {
    Close();
  }
}

}  // namespace mqttpush
