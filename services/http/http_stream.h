// HttpStream: the bytes of one connection, through TLS or as they are.
//
// It has what asio and Beast ask of a stream to read from and write to.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_STREAM_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_STREAM_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace mqttpush {

class HttpStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;
  using ErrorCode = boost::system::error_code;
  using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

  // `tls` is null for plaintext.
  HttpStream(Socket socket, TlsContext tls)
      : socket_(std::move(socket)), context_(std::move(tls)) {
    if (context_ != nullptr) tls_.emplace(socket_, *context_);
  }
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  // Beneath TLS.
  Socket& socket() { return socket_; }
  bool is_tls() const { return tls_.has_value(); }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (is_tls()) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (is_tls()) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

  // Only with TLS; before anything is read or written.
  template <typename Handler>
  void AsyncHandshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server,
                          std::forward<Handler>(handler));
  }
  // Says that nothing more will be written; waits, with TLS, until the client
  // has said the same or anything else. handler(error)
  template <typename Handler>
  void AsyncEndWriting(Handler&& handler) {
    if (is_tls()) return tls_->async_shutdown(std::forward<Handler>(handler));
    ErrorCode error;
    socket_.shutdown(Socket::shutdown_send, error);
    std::forward<Handler>(handler)(error);
  }

 private:
  Socket socket_;
  const TlsContext context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_STREAM_H_
