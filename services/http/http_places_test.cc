// Who gets a connection when all are in use.
#include <sched.h>

#include <atomic>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/http/http_listener.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);
// More than the system takes from us for a client that does not read.
constexpr size_t kHugeBytes = 64 << 20;

class HttpPlacesTest : public ::testing::Test {
 protected:
  ~HttpPlacesTest() override { listener_.reset(); }

  void Start(const HttpOptions& options = {}) {
    const auto respond_with = [](std::string body) {
      return [body](const HttpRequest&, HttpRespond respond) {
        respond(JsonResponse(200, body));
      };
    };
    HttpRouter router;
    router.Add("GET", "/healthz",
               {.handler = respond_with("well"), .always = true});
    router.Add("GET", "/hello", {.handler = respond_with("hello")});
    router.Add("POST", "/echo",
               {.handler =
                    [](const HttpRequest& request, HttpRespond respond) {
                      respond(JsonResponse(200, request.body));
                    },
                .max_body_bytes = 1000});
    router.Add("GET", "/huge",
               {.handler = [this](const HttpRequest&, HttpRespond respond) {
                 HttpResponse response =
                     JsonResponse(200, std::string(kHugeBytes, 'x'));
                 const auto hold = std::make_shared<int>();
                 MutexLock lock(&mutex_);
                 held_for_huge_ = hold;
                 response.hold = hold;
                 respond(std::move(response));
               }});
    router.Add("GET", "/held",
               {.handler = [this](const HttpRequest&, HttpRespond respond) {
                 MutexLock lock(&mutex_);
                 held_.push_back(std::move(respond));
               }});
    router.Add("POST", "/count",
               {.handler =
                    [this](const HttpRequest& request, HttpRespond respond) {
                      ++counted_;
                      respond(JsonResponse(200, request.body));
                    },
                .max_body_bytes = 1000});
    // Holds up the listener's thread until go_on_.
    router.Add("GET", "/block",
               {.handler = [this](const HttpRequest&, HttpRespond respond) {
                 blocked_ = true;
                 while (!go_on_) sched_yield();
                 MutexLock lock(&mutex_);
                 held_.push_back(std::move(respond));
               }});
    listener_ = *HttpListener::Start("127.0.0.1:0", std::move(router),
                                     Clock::Real(), options);
  }
  const std::string& address() const { return listener_->address(); }

  size_t held_count() {
    MutexLock lock(&mutex_);
    return held_.size();
  }
  void RespondToAll() {
    MutexLock lock(&mutex_);
    for (const HttpRespond& respond : held_) {
      respond(JsonResponse(200, "held"));
    }
  }

  bool holds_for_huge() {
    MutexLock lock(&mutex_);
    return !held_for_huge_.expired();
  }

  std::atomic<bool> blocked_ = false;
  std::atomic<bool> go_on_ = false;
  std::atomic<int> counted_ = 0;
  Mutex mutex_;
  std::weak_ptr<int> held_for_huge_ ABSL_GUARDED_BY(mutex_);
  std::vector<HttpRespond> held_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpListener> listener_;
};

// As behind a proxy, all of them come from one address.
TEST_F(HttpPlacesTest, SlowClientsLoseTheirPlacesToOthers) {
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> slow;
  for (int i = 0; i < 400; ++i) {
    slow.push_back(std::make_unique<RawHttpClient>(address()));
    const char* const kBegin[] = {
        "", "GET /hel", "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"};
    slow.back()->Send(kBegin[i % 3]);
    if (i % 50 != 0) continue;
    EXPECT_EQ(HttpGet(address(), "/healthz").status, 200) << i;
    EXPECT_EQ(HttpGet(address(), "/hello").status, 200) << i;
  }
  EXPECT_EQ(HttpGet(address(), "/healthz").status, 200);
  EXPECT_EQ(HttpPost(address(), "/echo", "body").body, "body");
  EXPECT_TRUE(slow[0]->WaitForEnd());
  const HttpAnswer answer = slow[1]->Read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\"TOO_MANY_CONNECTIONS\""));
  EXPECT_TRUE(slow[1]->WaitForEnd());
  slow.back()->Send("x");  // it has its place still
  EXPECT_FALSE(slow.back()->Readable(absl::ZeroDuration()));
}

TEST_F(HttpPlacesTest, HealthIsAnsweredWhenAllOthersWaitForUs) {
  HttpOptions options;
  options.max_connections = 2;
  options.spare_connections = 3;
  Start(options);
  RawHttpClient first(address());
  RawHttpClient second(address());
  first.Send("GET /held HTTP/1.1\r\n\r\n");
  second.Send("GET /held HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntil(kPatience, [this] { return held_count() == 2; }));
  const HttpAnswer answer = HttpGet(address(), "/hello");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\"TOO_MANY_CONNECTIONS\""));
  std::vector<std::unique_ptr<RawHttpClient>> slow;
  for (int i = 0; i < 10; ++i) {
    slow.push_back(std::make_unique<RawHttpClient>(address()));
    EXPECT_EQ(HttpGet(address(), "/healthz").body, "well");
  }
  RespondToAll();
  EXPECT_EQ(first.Read().body, "held");
  EXPECT_EQ(second.Read().body, "held");
  EXPECT_TRUE(WaitUntil(kPatience, [this] {
    return HttpGet(address(), "/hello").status == 200;
  }));
}

TEST_F(HttpPlacesTest, BoundsTheResponsesThatNobodyReads) {
  HttpOptions options;
  options.max_response_bytes = kHugeBytes + 100;
  Start(options);
  auto slow = std::make_unique<RawHttpClient>(address(), 4096);
  slow->Send("GET /huge HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(slow->Readable(kPatience));
  EXPECT_TRUE(holds_for_huge());
  const HttpAnswer answer = HttpGet(address(), "/huge");
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_EQ(HttpGet(address(), "/hello").status, 200);
  slow.reset();
  EXPECT_TRUE(WaitUntil(kPatience, [this] {
    return HttpGet(address(), "/huge").body.size() == kHugeBytes;
  }));
}

TEST_F(HttpPlacesTest, HoldsWhatAResponseHoldsUntilItIsTaken) {
  Start();
  RawHttpClient client(address(), 4096);
  client.Send("GET /huge HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(client.Readable(kPatience));
  EXPECT_TRUE(holds_for_huge());
  EXPECT_EQ(client.Read().body.size(), kHugeBytes);
  EXPECT_TRUE(WaitUntil(kPatience, [this] { return !holds_for_huge(); }));
}

// Its request is in the buffer already when it loses its place: it is not
// handled, and what was set aside for it is given back.
TEST_F(HttpPlacesTest, WhoIsDisplacedIsNotHandledAnyMore) {
  HttpOptions options;
  options.max_connections = 2;
  options.max_buffered_bytes = 1000;
  Start(options);
  RawHttpClient displaced(address());
  displaced.Send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_EQ(displaced.Read().status, 200);
  RawHttpClient blocker(address());
  blocker.Send("GET /block HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntil(kPatience, [this] { return blocked_.load(); }));
  displaced.Send("POST /count HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
  RawHttpClient next(address());
  go_on_ = true;
  next.Send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_EQ(next.Read().status, 200);
  EXPECT_FALSE(displaced.Read().status == 503 && counted_ > 0);
  next.Send(absl::StrCat("POST /count HTTP/1.1\r\nContent-Length: 1000\r\n\r\n",
                         std::string(1000, 'x')));
  EXPECT_EQ(next.Read().status, 200);
  RespondToAll();
}

}  // namespace
}  // namespace mqttpush
