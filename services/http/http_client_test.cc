// HttpClient against a real listener, a server with TLS, and one that says
// nothing.
#include "services/http/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/http/http_listener.h"
#include "tests/support/test_certificate_authority.h"

namespace mqttpush {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;

HttpUrl Url(const std::string& text) { return HttpUrl::Parse(text).value(); }

std::unique_ptr<HttpClient> Client(HttpClientOptions options = {}) {
  return HttpClient::Make(options).value();
}

// Takes one connection, and does with it what it is told.
class OneConnection {
 public:
  explicit OneConnection(std::function<void(tcp::socket)> serve)
      : port_(acceptor_.local_endpoint().port()),
        thread_([this, serve = std::move(serve)] {
          boost::system::error_code error;
          tcp::socket socket = acceptor_.accept(error);
          if (!error) serve(std::move(socket));
        }) {}
  ~OneConnection() { thread_.join(); }
  int port() const { return port_; }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
  const int port_;
  std::thread thread_;
};

TEST(HttpClientTest, SendsARequestAndReadsTheResponse) {
  HttpRouter router;
  router.Add("POST", "/in",
             {.handler =
                  [](const HttpRequest& request, HttpRespond respond) {
                    respond(JsonResponse(
                        429, absl::StrCat(request.headers.Get("Authorization"),
                                          " ", request.body)));
                  },
              .max_body_bytes = 1000});
  const auto listener =
      HttpListener::Start("127.0.0.1:0", std::move(router), Clock::Real());
  HttpHeaders headers;
  headers.Add("Authorization", "key");
  const auto client = Client();
  for (int i = 0; i < 3; ++i) {
    const auto response = client->Post(
        Url(absl::StrCat("http://", (*listener)->address(), "/in")), headers,
        "body");
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 429);
    EXPECT_EQ(response->body, "key body");
    EXPECT_EQ(response->headers.Get("content-type"), "application/json");
  }
}

TEST(HttpClientTest, NamesTheStepThatFailed) {
  const auto refused = Client()->Post(Url("http://127.0.0.1:1"), {}, "");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("connecting to 127.0.0.1:1: Connection refused"));
  OneConnection closes([](tcp::socket) {});
  const auto cut = Client()->Post(
      Url(absl::StrCat("http://127.0.0.1:", closes.port())), {}, "");
  EXPECT_EQ(cut.status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpClientTest, WaitsNoLongerThanItMay) {
  OneConnection silent([](tcp::socket socket) {
    asio::streambuf all;
    boost::system::error_code error;
    asio::read_until(socket, all, "never", error);
  });
  const auto late =
      Client({.timeout = absl::Milliseconds(50)})
          ->Post(Url(absl::StrCat("http://127.0.0.1:", silent.port())), {}, "");
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(late.status().message()), HasSubstr("within 50ms"));
}

TEST(HttpClientTest, IsCancelled) {
  const auto client = Client();
  OneConnection silent([&](tcp::socket socket) {
    asio::streambuf all;
    boost::system::error_code error;
    asio::read_until(socket, all, "\r\n\r\n", error);
    client->Cancel();
    asio::read_until(socket, all, "never", error);
  });
  const HttpUrl url = Url(absl::StrCat("http://127.0.0.1:", silent.port()));
  EXPECT_TRUE(absl::IsCancelled(client->Post(url, {}, "").status()));
  EXPECT_TRUE(absl::IsCancelled(client->Post(url, {}, "").status()));
}

// A name server that says nothing until it is let go.
class SilentLookup {
 public:
  HttpLookup lookup() {
    return [started = started_, released = released_](
               const std::string&, const std::string&,
               boost::system::error_code& error) {
      started->set_value();
      released.wait();
      error = asio::error::host_not_found;
      return tcp::resolver::results_type();
    };
  }
  void WaitUntilStarted() { started_->get_future().wait(); }
  void Release() { release_.set_value(); }

 private:
  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  const std::shared_ptr<std::promise<void>> started_ =
      std::make_shared<std::promise<void>>();
};

TEST(HttpClientTest, DoesNotWaitForANameServer) {
  SilentLookup silent;
  const auto late = Client({.timeout = absl::Milliseconds(50),
                            .ca_file = "",
                            .lookup = silent.lookup()})
                        ->Post(Url("http://slow.example"), {}, "");
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded);
  silent.Release();
}

TEST(HttpClientTest, IsCancelledWhileItLooksUpAName) {
  SilentLookup silent;
  const auto client = Client({.ca_file = "", .lookup = silent.lookup()});
  auto posted = std::async(std::launch::async, [&] {
    return client->Post(Url("https://slow.example"), {}, "").status();
  });
  silent.WaitUntilStarted();
  client->Cancel();
  EXPECT_TRUE(absl::IsCancelled(posted.get()));
  silent.Release();
}

TEST(HttpClientTest, SaysWhichNameIsNotFound) {
  SilentLookup silent;
  silent.Release();
  const auto failed = Client({.ca_file = "", .lookup = silent.lookup()})
                          ->Post(Url("http://nowhere.example"), {}, "");
  EXPECT_THAT(std::string(failed.status().message()),
              HasSubstr("finding nowhere.example:80: Host not found"));
}

class HttpClientTlsTest : public ::testing::Test {
 protected:
  absl::StatusOr<HttpResponse> PostTo(const std::string& names,
                                      const std::string& ca_file) {
    const TestCertificate certificate = *authority_->IssueServer(names);
    OneConnection server([&](tcp::socket socket) {
      asio::ssl::context context(asio::ssl::context::tls_server);
      context.use_certificate_chain_file(certificate.certificate_path);
      context.use_private_key_file(certificate.key_path,
                                   asio::ssl::context::pem);
      asio::ssl::stream<tcp::socket> tls(std::move(socket), context);
      boost::system::error_code error;
      tls.handshake(asio::ssl::stream_base::server, error);
      asio::streambuf head;
      if (!error) asio::read_until(tls, head, "\r\n\r\n", error);
      const std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
      if (!error) asio::write(tls, asio::buffer(answer), error);
    });
    return Client({.ca_file = ca_file})
        ->Post(Url(absl::StrCat("https://127.0.0.1:", server.port())), {}, "x");
  }
  const std::unique_ptr<TestCertificateAuthority> authority_ =
      *TestCertificateAuthority::Create();
};

TEST_F(HttpClientTlsTest, SpeaksToWhomItCanTrust) {
  const auto response = PostTo("IP:127.0.0.1", authority_->ca_path());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 204);
}

TEST_F(HttpClientTlsTest, RefusesAnotherName) {
  const auto response = PostTo("DNS:elsewhere", authority_->ca_path());
  EXPECT_THAT(std::string(response.status().message()),
              HasSubstr("TLS with 127.0.0.1:"));
}

TEST_F(HttpClientTlsTest, RefusesAnotherAuthority) {
  EXPECT_THAT(std::string(PostTo("IP:127.0.0.1", "").status().message()),
              HasSubstr("certificate verify failed"));
  EXPECT_EQ(HttpClient::Make({.ca_file = "/nowhere"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace mqttpush
