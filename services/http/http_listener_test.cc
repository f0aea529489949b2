// A real listener on loopback, and clients that do as they like.
#include "services/http/http_listener.h"

#include <future>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGet[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr size_t kMaxBody = 1000;
// The sanitizers keep what has been freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int64_t kMostGrowth = 1 << 30;
#else
constexpr int64_t kMostGrowth = 32 << 20;
#endif

class HttpListenerTest : public ::testing::Test {
 protected:
  ~HttpListenerTest() override { listener_.reset(); }

  void Start(const HttpOptions& options = {}) {
    HttpRouter router;
    router.Add("GET", "/hello",
               {.handler = [](const HttpRequest& request, HttpRespond respond) {
                 respond(JsonResponse(200, "hello " + request.query));
               }});
    router.Add("GET", "/huge",
               {.handler = [](const HttpRequest&, HttpRespond respond) {
                 respond(JsonResponse(200, std::string(64 << 20, 'x')));
               }});
    router.Add("POST", "/echo",
               {.handler =
                    [](const HttpRequest& request, HttpRespond respond) {
                      respond(JsonResponse(200, request.body));
                    },
                .max_body_bytes = kMaxBody});
    router.Add("GET", "/held",
               {.handler = [this](const HttpRequest&, HttpRespond respond) {
                 Hold(std::move(respond));
               }});
    auto listener = HttpListener::Start("127.0.0.1:0", std::move(router),
                                        Clock::Real(), options);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }
  const std::string& address() const { return listener_->address(); }

  void Hold(HttpRespond respond) {
    MutexLock lock(&mutex_);
    held_.push_back(std::move(respond));
  }
  size_t held_count() {
    MutexLock lock(&mutex_);
    return held_.size();
  }
  // Waits for a request for /held, and takes what it is to be answered with.
  HttpRespond TakeHeld() {
    EXPECT_TRUE(WaitUntil(kPatience, [this] { return held_count() > 0; }));
    MutexLock lock(&mutex_);
    HttpRespond respond = std::move(held_.front());
    held_.erase(held_.begin());
    return respond;
  }

  Mutex mutex_;
  std::vector<HttpRespond> held_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpListenerTest, AnswersManyRequestsOfOneConnection) {
  Start();
  RawHttpClient client(address());
  for (int i = 0; i < 3; ++i) {
    client.Send(absl::StrCat("GET /hello?", i, " HTTP/1.1\r\nHost: a\r\n\r\n"));
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, absl::StrCat("hello ", i));
    EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: application/json\r"));
    EXPECT_THAT(answer.head, HasSubstr(" GMT\r\n"));
  }
}

TEST_F(HttpListenerTest, AnswersHeadWithoutTheBody) {
  Start();
  RawHttpClient client(address());
  client.Send("HEAD /hello?x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.Read(/*to_head=*/true).head,
              HasSubstr("\r\nContent-Length: 7\r\n"));
  client.Send(kGet);
  EXPECT_EQ(client.Read().body, "hello ");
}

TEST_F(HttpListenerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&requests, "GET /hello?", i, " HTTP/1.1\r\n\r\n",
                    "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\n", 10 + i);
  }
  RawHttpClient client(address());
  client.Send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.Read().body, absl::StrCat("hello ", i));
    EXPECT_EQ(client.Read().body, absl::StrCat(10 + i));
  }
}

TEST_F(HttpListenerTest, ReadsThePipelinedRequestOnlyWhenItIsItsTurn) {
  Start();
  RawHttpClient client(address());
  client.Send(
      "GET /held HTTP/1.1\r\n\r\nGET /held HTTP/1.1\r\n\r\n"
      "GET /hello HTTP/1.1\r\n\r\n");
  const HttpRespond first = TakeHeld();
  EXPECT_EQ(HttpGet(address(), "/hello").status, 200);  // it has had its time
  EXPECT_EQ(held_count(), 0u);
  first(JsonResponse(200, "1"));
  first(JsonResponse(200, "a second answer has no effect"));
  EXPECT_EQ(client.Read().body, "1");
  TakeHeld()(JsonResponse(200, "2"));
  EXPECT_EQ(client.Read().body, "2");
  EXPECT_EQ(client.Read().body, "hello ");
}

TEST_F(HttpListenerTest, ClosesWhenTheClientAsksForIt) {
  Start();
  for (const char* head : {"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
                           "GET /hello HTTP/1.0\r\n\r\n"}) {
    RawHttpClient client(address());
    client.Send(head);
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.head, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(client.WaitForEnd());
  }
}

TEST_F(HttpListenerTest, TakesBodiesInChunks) {
  Start();
  RawHttpClient client(address());
  client.Send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.Send("3\r\nabc\r\n");
  client.Send("2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "abcde");
  client.Send(kGet);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(HttpListenerTest, SaysContinueToWhoWaitsForIt) {
  Start();
  RawHttpClient client(address());
  client.Send(
      "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("abc");
  EXPECT_EQ(client.Read().body, "abc");
  client.Send(
      "POST /echo HTTP/1.1\r\nContent-Length: 2000\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(HttpListenerTest, RefusesWhatIsNotServedAndGoesOn) {
  Start();
  RawHttpClient client(address());
  client.Send("GET /nowhere HTTP/1.1\r\n\r\n");
  HttpAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr(R"({"error":{"code":"NOT_FOUND")"));
  client.Send("DELETE /echo HTTP/1.1\r\n\r\n");
  answer = client.Read();
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.head, HasSubstr("\r\nAllow: POST\r\n"));
  client.Send(kGet);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(HttpListenerTest, RefusesWhatIsNoHttp) {
  Start();
  for (const char* text :
       {"\x16\x03\x01 hello\r\n\r\n", "GET /hello\r\n\r\n",
        "GET /hello HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawHttpClient client(address());
    client.Send(text);
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_THAT(answer.body, HasSubstr("\"MALFORMED_REQUEST\"")) << text;
    EXPECT_TRUE(client.WaitForEnd()) << text;
  }
}

TEST_F(HttpListenerTest, TellsWhoSendsTooMuchAndCloses) {
  Start();
  RawHttpClient sized(address());
  sized.Send("POST /echo HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  sized.Send(std::string(1000000, 'x'));
  EXPECT_EQ(sized.Read().status, 413);
  EXPECT_TRUE(sized.WaitForEnd());

  RawHttpClient chunked(address());
  chunked.Send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (!chunked.Readable(absl::ZeroDuration())) {
    if (!chunked.Send("a\r\n0123456789\r\n")) break;
  }
  EXPECT_EQ(chunked.Read().status, 413);
  EXPECT_TRUE(chunked.WaitForEnd());
}

TEST_F(HttpListenerTest, TellsWhoSendsAnEndlessHead) {
  Start();
  for (const char* begin : {"GET /", "GET /hello HTTP/1.1\r\nX-Long: "}) {
    RawHttpClient client(address());
    client.Send(begin);
    const std::string more(1000, 'a');
    while (!client.Readable(absl::ZeroDuration())) {
      if (!client.Send(more)) break;
    }
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 431);
    EXPECT_THAT(answer.body, HasSubstr("\"HEADERS_TOO_LARGE\""));
    EXPECT_TRUE(client.WaitForEnd());
  }
}

// What the clients send must not stay in memory, however much it is.
TEST_F(HttpListenerTest, MemoryStaysFlatUnderEndlessRequests) {
  HttpOptions options;
  options.max_connections = 100;
  Start(options);
  const auto resident = [] {
    int64_t pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    EXPECT_EQ(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * 4096;
  };
  const int64_t before = resident();
  const std::string megabyte(1 << 20, 'a');
  for (int i = 0; i < 100; ++i) {
    RawHttpClient client(address());
    client.Send(i % 2 == 0 ? "GET /"
                           : "POST /echo HTTP/1.1\r\nContent-Length: "
                             "100000000000\r\n\r\n");
    client.Send(megabyte);
    EXPECT_THAT(client.Read().status, ::testing::AnyOf(413, 431));
  }
  EXPECT_LT(resident() - before, kMostGrowth);
}

TEST_F(HttpListenerTest, CutsAHeadThatDripsAlong) {
  HttpOptions options;
  options.header_timeout = absl::Milliseconds(100);
  Start(options);
  RawHttpClient client(address());
  client.Send("GET /hello HTTP/1.1\r\nX-Slow: ");
  while (!client.Readable(absl::Milliseconds(5))) client.Send("a");
  const HttpAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("\"REQUEST_TIMEOUT\""));
  EXPECT_TRUE(client.WaitForEnd());
}

TEST_F(HttpListenerTest, CutsABodyThatDripsAlong) {
  HttpOptions options;
  options.body_timeout = absl::Milliseconds(100);
  Start(options);
  RawHttpClient client(address());
  client.Send("POST /echo HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
  while (!client.Readable(absl::Milliseconds(5))) client.Send("a");
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_TRUE(client.WaitForEnd());
}

TEST_F(HttpListenerTest, ClosesAnIdleConnectionSilently) {
  HttpOptions options;
  options.idle_timeout = absl::Milliseconds(50);
  Start(options);
  RawHttpClient silent(address());
  EXPECT_EQ(silent.Read().head, "");
  RawHttpClient idle(address());
  idle.Send(kGet);
  EXPECT_EQ(idle.Read().status, 200);
  EXPECT_EQ(idle.Read().head, "");
}

// It would hold its response in memory, and its place, for ever.
TEST_F(HttpListenerTest, CutsAClientThatDoesNotReadItsAnswer) {
  HttpOptions options;
  options.write_timeout = absl::Milliseconds(100);
  options.max_connections = 1;
  Start(options);
  RawHttpClient slow(address(), /*receive_buffer=*/4096);
  slow.Send("GET /huge HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(slow.Readable(kPatience));
  EXPECT_TRUE(WaitUntil(kPatience, [this] {
    return HttpGet(address(), "/hello").status == 200;
  }));
  EXPECT_EQ(slow.Read().status, 0);  // less than its Content-Length
}

TEST_F(HttpListenerTest, CutsWhoKeepsSendingAfterTheLastAnswer) {
  HttpOptions options;
  options.linger_timeout = absl::Milliseconds(100);
  Start(options);
  RawHttpClient client(address());
  client.Send("POST /echo HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
  const std::string more(1000, 'a');
  EXPECT_TRUE(WaitUntil(kPatience, [&] { return !client.Send(more); }));
}

TEST_F(HttpListenerTest, BoundsTheBodiesOfAllConnectionsTogether) {
  HttpOptions options;
  options.max_buffered_bytes = 1500;
  Start(options);
  RawHttpClient slow(address());
  slow.Send(
      "POST /echo HTTP/1.1\r\nContent-Length: 1000\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(slow.Read().status, 100);  // its memory is set aside
  const std::string body(900, 'b');
  const HttpAnswer answer = HttpPost(address(), "/echo", body);
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_EQ(HttpPost(address(), "/echo", "small").body, "small");
  slow.Send(std::string(1000, 'a'));
  EXPECT_EQ(slow.Read().status, 200);
  EXPECT_EQ(HttpPost(address(), "/echo", body).body, body);
}

TEST_F(HttpListenerTest, TakesAnswersFromOtherThreadsEvenTooLate) {
  Start();
  RawHttpClient client(address());
  client.Send("GET /held HTTP/1.1\r\n\r\n");
  std::thread([respond = TakeHeld()] {
    respond(JsonResponse(200, "from afar"));
  }).join();
  EXPECT_EQ(client.Read().body, "from afar");

  auto gone = std::make_unique<RawHttpClient>(address());
  gone->Send("GET /held HTTP/1.1\r\n\r\n");
  const HttpRespond to_nobody = TakeHeld();
  gone.reset();
  to_nobody(JsonResponse(200, "x"));
  EXPECT_EQ(HttpGet(address(), "/hello").status, 200);
}

TEST_F(HttpListenerTest, StopsWhenRequestsUnderWayHaveTheirAnswers) {
  Start();
  RawHttpClient idle(address());
  idle.Send(kGet);
  EXPECT_EQ(idle.Read().status, 200);
  RawHttpClient busy(address());
  busy.Send("GET /held HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n");
  const HttpRespond respond = TakeHeld();
  auto stopped = std::async(std::launch::async, [this] { listener_.reset(); });
  EXPECT_TRUE(idle.WaitForEnd());
  respond(JsonResponse(200, "last"));
  const HttpAnswer answer = busy.Read();
  EXPECT_EQ(answer.body, "last");
  EXPECT_THAT(answer.head, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(busy.WaitForEnd());
  stopped.get();
}

TEST_F(HttpListenerTest, StopsInTimeWithoutAnAnswer) {
  HttpOptions options;
  options.drain_timeout = absl::Milliseconds(50);
  Start(options);
  RawHttpClient client(address());
  client.Send("GET /held HTTP/1.1\r\n\r\n");
  const HttpRespond respond = TakeHeld();
  RawHttpClient slow(address());
  slow.Send("GET /hel");
  listener_.reset();
  EXPECT_TRUE(client.WaitForEnd());
  EXPECT_TRUE(slow.WaitForEnd());
  respond(JsonResponse(200, "too late"));
}

TEST_F(HttpListenerTest, SaysWhyItCannotListen) {
  Start();
  for (const std::string& bad :
       {address(), std::string("nonsense"), std::string("127.0.0.1:http!"),
        std::string("192.0.2.1:0")}) {
    const auto listener = HttpListener::Start(bad, HttpRouter(), Clock::Real());
    ASSERT_FALSE(listener.ok()) << bad;
    EXPECT_EQ(listener.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(listener.status().message()),
                HasSubstr("cannot listen for HTTP on " + bad));
  }
  EXPECT_TRUE(
      HttpListener::Start("localhost:0", HttpRouter(), Clock::Real()).ok());
}

}  // namespace
}  // namespace mqttpush
