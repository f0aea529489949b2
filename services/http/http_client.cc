#include "services/http/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/http/http_converters.h"
#include "services/http/http_mailbox.h"

namespace mqttpush {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

BeastRequest MakeRequest(const HttpUrl& url, const HttpHeaders& headers,
                         std::string body) {
  BeastRequest request(http::verb::post, url.path.empty() ? "/" : url.path,
                       kHttp11);
  request.set(http::field::host, url.Authority());
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : headers.all()) request.set(name, value);
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

// One request over a stream that is a socket, or TLS over one. Runs until it
// has a result, or whoever runs it has had enough.
template <typename Stream>
class Exchange {
 public:
  Exchange(Stream* stream, const HttpUrl& url, BeastRequest request,
           size_t max_response_bytes)
      : stream_(*stream),
        work_(stream->get_executor()),
        url_(url),
        request_(std::move(request)) {
    parser_.body_limit(max_response_bytes);
  }

  // The look-up cannot be cut short, and so has a thread that nobody waits for:
  // what it finds too late goes nowhere.
  void Start(HttpLookup lookup, std::shared_ptr<HttpMailbox> mailbox) {
    std::thread([this, lookup = std::move(lookup), mailbox = std::move(mailbox),
                 host = url_.host, port = url_.port] {
      ErrorCode error;
      const tcp::resolver::results_type found = lookup(host, port, error);
      mailbox->Post([this, found, error] {
        work_.reset();
        if (error) return Fail("finding", error);
        Connect(found);
      });
    }).detach();
  }
  // Absent: it has not come to its end.
  std::optional<absl::StatusOr<HttpResponse>>& result() { return result_; }

 private:
  void Connect(const tcp::resolver::results_type& found) {
    asio::async_connect(stream_.lowest_layer(), found,
                        [this](ErrorCode error, const tcp::endpoint&) {
                          if (error) return Fail("connecting to", error);
                          Handshake();
                        });
  }
  void Handshake() {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      Write();
    } else {
      stream_.set_verify_callback(asio::ssl::host_name_verification(url_.host));
      SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str());
      stream_.async_handshake(asio::ssl::stream_base::client,
                              [this](ErrorCode error) {
                                if (error) return Fail("TLS with", error);
                                Write();
                              });
    }
  }
  void Write() {
    http::async_write(stream_, request_, [this](ErrorCode error, size_t) {
      if (error) return Fail("writing to", error);
      Read();
    });
  }
  void Read() {
    http::async_read(stream_, buffer_, parser_,
                     [this](ErrorCode error, size_t) {
                       if (error) return Fail("reading from", error);
                       Take();
                     });
  }
  void Take() {
    auto& response = parser_.get();
    HttpResponse taken;
    taken.status = static_cast<int>(response.result_int());
    for (const auto& field : response) {
      taken.headers.Add(
          {field.name_string().data(), field.name_string().size()},
          {field.value().data(), field.value().size()});
    }
    taken.body = std::move(response.body());
    result_ = std::move(taken);
  }
  void Fail(absl::string_view step, ErrorCode error) {
    result_ = absl::UnavailableError(
        absl::StrCat(step, " ", url_.Authority(), ": ", error.message()));
  }

  Stream& stream_;
  // Until the look-up has ended.
  asio::executor_work_guard<typename Stream::executor_type> work_;
  const HttpUrl& url_;
  BeastRequest request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  std::optional<absl::StatusOr<HttpResponse>> result_;
};

}  // namespace

HttpLookup SystemLookup() {
  return
      [](const std::string& host, const std::string& port, ErrorCode& error) {
        asio::io_context io;
        return tcp::resolver(io).resolve(host, port, error);
      };
}

HttpClient::HttpClient(const HttpClientOptions& options)
    : options_(options), tls_(asio::ssl::context::tls_client) {
  SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_2_VERSION);
  tls_.set_verify_mode(asio::ssl::verify_peer);
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Make(
    const HttpClientOptions& options) {
  std::unique_ptr<HttpClient> client(new HttpClient(options));
  ErrorCode error;
  if (options.ca_file.empty()) {
    client->tls_.set_default_verify_paths(error);
  } else {
    client->tls_.load_verify_file(options.ca_file, error);
  }
  if (!error) return client;
  return absl::InvalidArgumentError(
      absl::StrCat("the authorities to trust cannot be read",
                   options.ca_file.empty() ? "" : " from ", options.ca_file));
}

bool HttpClient::Begin(asio::io_context* io) {
  MutexLock lock(&mutex_);
  io_ = io;
  return !cancelled_;
}

// Whether it was cancelled.
bool HttpClient::End() {
  MutexLock lock(&mutex_);
  io_ = nullptr;
  return cancelled_;
}

void HttpClient::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  if (io_ != nullptr) io_->stop();
}

absl::StatusOr<HttpResponse> HttpClient::Post(const HttpUrl& url,
                                              const HttpHeaders& headers,
                                              std::string body) {
  asio::io_context io(1);
  std::optional<absl::StatusOr<HttpResponse>> result;
  const auto run = [&](auto& stream) {
    Exchange exchange(&stream, url, MakeRequest(url, headers, std::move(body)),
                      options_.max_response_bytes);
    const auto mailbox = std::make_shared<HttpMailbox>(&io);
    exchange.Start(options_.lookup, mailbox);
    if (Begin(&io)) io.run_for(absl::ToChronoNanoseconds(options_.timeout));
    mailbox->Close();
    result = std::move(exchange.result());
  };
  if (url.tls) {
    asio::ssl::stream<tcp::socket> stream(io, tls_);
    run(stream);
  } else {
    tcp::socket stream(io);
    run(stream);
  }
  if (End()) return absl::CancelledError("the request was cancelled");
  if (result.has_value()) return *std::move(result);
  return absl::DeadlineExceededError(
      absl::StrCat("no response from ", url.Authority(), " within ",
                   absl::FormatDuration(options_.timeout)));
}

}  // namespace mqttpush
