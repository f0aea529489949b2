// The listener with TLS, and OpenSSL's client.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/http/http_listener.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate_authority.h"

namespace mqttpush {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ::testing::HasSubstr;

// What a response has, or why there is none.
struct Fetched {
  std::string error;
  std::string body;
};

class HttpTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = *TestCertificateAuthority::Create();
    Install(*authority_->IssueServer());
    certificate_ = *ServerCertificate::Load(
        {.certificate = Path("tls.crt"), .key = Path("tls.key")},
        absl::ZeroDuration());
    HttpRouter router;
    router.Add("GET", "/hello",
               {.handler = [](const HttpRequest&, HttpRespond respond) {
                 respond(JsonResponse(200, "hello"));
               }});
    router.Add("GET", "/large",
               {.handler = [](const HttpRequest&, HttpRespond respond) {
                 respond(JsonResponse(200, std::string(4 << 20, 'x')));
               }});
    listener_ = *HttpListener::Start(
        "127.0.0.1:0", std::move(router), Clock::Real(),
        {.header_timeout = absl::Milliseconds(500)}, certificate_.get());
  }
  ~HttpTlsTest() override { listener_.reset(); }

  void Install(const TestCertificate& certificate) {
    std::ofstream(Path("tls.crt")) << certificate.certificate_pem;
    std::ofstream(Path("tls.key")) << certificate.key_pem;
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(dir_.path(), "/", name);
  }
  // GET over a connection of its own, which ends with it.
  Fetched Get(const std::string& path,
              const TestCertificateAuthority& trusted) {
    asio::io_context io;
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    context.add_certificate_authority(asio::buffer(trusted.ca_pem()));
    asio::ssl::stream<tcp::socket> stream(io, context);
    stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    const std::string& address = listener_->address();
    boost::system::error_code error;
    asio::connect(stream.next_layer(),
                  tcp::resolver(io).resolve(
                      "127.0.0.1", address.substr(address.rfind(':') + 1)));
    stream.handshake(asio::ssl::stream_base::client, error);
    if (error) return {.error = error.message()};
    beast::http::request<beast::http::string_body> request(
        beast::http::verb::get, path, 11);
    request.keep_alive(false);
    beast::http::write(stream, request, error);
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    if (!error) beast::http::read(stream, buffer, parser, error);
    if (error) return {.error = error.message()};
    stream.shutdown(error);  // the close of both ends, or an error
    return {.error = error ? error.message() : "", .body = parser.get().body()};
  }

  TempDir dir_;
  std::unique_ptr<TestCertificateAuthority> authority_;
  std::unique_ptr<ServerCertificate> certificate_;
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpTlsTest, ServesResponsesWholeAndEndsWithCloseNotify) {
  Fetched fetched = Get("/hello", *authority_);
  EXPECT_EQ(fetched.error, "");
  EXPECT_EQ(fetched.body, "hello");
  fetched = Get("/large", *authority_);
  EXPECT_EQ(fetched.error, "");
  EXPECT_EQ(fetched.body.size(), 4u << 20);
}

TEST_F(HttpTlsTest, ServesTheNewestCertificate) {
  auto other = *TestCertificateAuthority::Create("Other CA");
  EXPECT_THAT(Get("/hello", *other).error, HasSubstr("verify failed"));
  Install(*other->IssueServer());
  EXPECT_EQ(Get("/hello", *other).body, "hello");
}

TEST_F(HttpTlsTest, WhoSpeaksPlaintextGetsNothing) {
  RawHttpClient client(listener_->address());
  client.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(HttpTlsTest, WhoDoesNotShakeHandsIsCutOff) {
  RawHttpClient client(listener_->address());
  EXPECT_TRUE(client.WaitForEnd());
  EXPECT_EQ(Get("/hello", *authority_).body, "hello");
}

}  // namespace
}  // namespace mqttpush
