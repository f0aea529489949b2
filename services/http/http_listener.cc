#include "services/http/http_listener.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/logging.h"
#include "services/http/http_connection.h"
#include "services/http/http_tls.h"

namespace mqttpush {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// When there are no file descriptors left, say.
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

// Between warnings that all places are taken.
constexpr absl::Duration kWarningInterval = absl::Minutes(1);

absl::Status CannotListen(const std::string& address, absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen for HTTP on ", address, ": ", why));
}

}  // namespace

class HttpListener::Impl : public HttpHost {
 public:
  Impl(HttpRouter router, const Clock* clock, const HttpOptions& options,
       HttpTls tls)
      : options_(options),
        router_(std::move(router)),
        clock_(clock),
        tls_(std::move(tls)) {}

  ~Impl() override {
    if (!thread_.joinable()) return;
    mailbox_->Post([this] { Drain(); });
    thread_.join();
    mailbox_->Close();
  }

  // The address with the real port.
  absl::StatusOr<std::string> Listen(const std::string& address);
  void Run() {
    Accept();
    thread_ = std::thread([this] { io_.run(); });
  }

  const HttpOptions& options() const override { return options_; }
  const HttpRouter& router() const override { return router_; }
  const Clock& clock() const override { return *clock_; }
  const std::shared_ptr<HttpMailbox>& mailbox() const override {
    return mailbox_;
  }
  HttpMemory& request_memory() override { return request_memory_; }
  HttpMemory& response_memory() override { return response_memory_; }
  void Ended(const std::shared_ptr<HttpConnection>& connection) override {
    connections_.erase(connection);
    if (draining_ && connections_.empty()) io_.stop();
  }

 private:
  ErrorCode Open(const std::string& host, const std::string& port);
  void Accept();
  void OnAccepted(ErrorCode error, tcp::socket socket);
  // For one more connection, spare or not, of which there may be so many.
  // False: none of them waits for its client.
  bool MakeRoom(bool spare, size_t limit);
  void WarnOfFullness();
  void AcceptLater();
  void Drain();

  const HttpOptions options_;
  const HttpRouter router_;
  const Clock* const clock_;
  HttpTls tls_;
  asio::io_context io_{1};
  const std::shared_ptr<HttpMailbox> mailbox_ =
      std::make_shared<HttpMailbox>(&io_);
  tcp::acceptor acceptor_{io_};
  asio::steady_timer timer_{io_};  // to accept again, or for the drain
  absl::flat_hash_set<std::shared_ptr<HttpConnection>> connections_;
  HttpMemory request_memory_{options_.max_buffered_bytes};
  HttpMemory response_memory_{options_.max_response_bytes};
  absl::Time next_warning_ = absl::InfinitePast();
  bool draining_ = false;
  std::thread thread_;
};

absl::StatusOr<std::string> HttpListener::Impl::Listen(
    const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return CannotListen(address, "must be host:port");
  }
  const std::string name = address.substr(0, colon);
  absl::string_view host = name;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  const ErrorCode error = Open(std::string(host), address.substr(colon + 1));
  if (error) return CannotListen(address, error.message());
  ErrorCode ignored;
  return absl::StrCat(name, ":", acceptor_.local_endpoint(ignored).port());
}

ErrorCode HttpListener::Impl::Open(const std::string& host,
                                   const std::string& port) {
  ErrorCode error;
  tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(host, port, tcp::resolver::passive, error);
  if (error) return error;
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

void HttpListener::Impl::Accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    OnAccepted(error, std::move(socket));
  });
}

void HttpListener::Impl::OnAccepted(ErrorCode error, tcp::socket socket) {
  if (draining_) return;
  if (error) {
    Log::Warning("http_accept_failed", {{"error", error.message()}});
    return AcceptLater();
  }
  ErrorCode ignored;
  bool spare = false;
  if (!MakeRoom(spare, options_.max_connections)) {
    spare = true;
    if (!MakeRoom(spare, options_.spare_connections)) return Accept();
  }
  socket.set_option(tcp::no_delay(true), ignored);
  auto connection = std::make_shared<HttpConnection>(
      std::move(socket), tls_.Context(), this, spare);
  connections_.insert(connection);
  connection->Start();
  Accept();
}

// Who holds many connections and does nothing loses them to whoever comes, and
// not the service to all others: addresses tell nothing, behind a proxy.
bool HttpListener::Impl::MakeRoom(bool spare, size_t limit) {
  size_t count = 0;
  std::shared_ptr<HttpConnection> slowest;
  for (const auto& connection : connections_) {
    if (connection->spare() != spare || connection->displaced()) continue;
    ++count;
    const auto since = connection->waiting_since();
    if (!since.has_value()) continue;
    if (slowest == nullptr || *since < *slowest->waiting_since()) {
      slowest = connection;
    }
  }
  if (count < limit) return true;
  WarnOfFullness();
  if (slowest == nullptr) return false;
  slowest->Displace();  // and it is heard of once more, when it has ended
  return true;
}

void HttpListener::Impl::WarnOfFullness() {
  const absl::Time now = clock_->Now();
  if (now < next_warning_) return;
  next_warning_ = now + kWarningInterval;
  Log::Warning("http_connections_full", {{"limit", options_.max_connections}});
}

void HttpListener::Impl::AcceptLater() {
  timer_.expires_after(kAcceptRetry);
  timer_.async_wait([this](ErrorCode error) {
    if (!error && !draining_) Accept();
  });
}

void HttpListener::Impl::Drain() {
  draining_ = true;
  ErrorCode ignored;
  acceptor_.close(ignored);
  if (connections_.empty()) return io_.stop();
  for (const auto& connection : connections_) connection->Drain();
  timer_.expires_after(absl::ToChronoMilliseconds(options_.drain_timeout));
  timer_.async_wait([this](ErrorCode error) {
    if (!error) io_.stop();
  });
}

HttpListener::HttpListener(std::unique_ptr<Impl> impl, std::string address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

HttpListener::~HttpListener() = default;

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(
    const std::string& address, HttpRouter router, const Clock* clock,
    const HttpOptions& options, ServerCertificate* certificate) {
  absl::StatusOr<HttpTls> tls = HttpTls::Make(certificate);
  if (!tls.ok()) return CannotListen(address, tls.status().message());
  auto impl = std::make_unique<Impl>(std::move(router), clock, options,
                                     *std::move(tls));
  absl::StatusOr<std::string> listening = impl->Listen(address);
  if (!listening.ok()) return listening.status();
  impl->Run();
  return std::unique_ptr<HttpListener>(
      new HttpListener(std::move(impl), *std::move(listening)));
}

}  // namespace mqttpush
