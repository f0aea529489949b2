#include "services/http/http_router.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/http/http_admission.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

void Nothing(const HttpRequest&, HttpRespond) {}

HttpRouter MakeRouter() {
  HttpRouter router;
  router.Add("GET", "/page", {.handler = Nothing});
  router.Add("POST", "/page", {.handler = Nothing, .max_body_bytes = 100});
  router.Add("POST", "/guarded",
             {.handler = Nothing, .check = [](const HttpRequest& head) {
                std::optional<HttpResponse> refusal;
                if (head.headers.Get("x-secret") != "s") {
                  refusal = JsonResponse(401, "");
                }
                return refusal;
              }});
  return router;
}

// The status of the refusal; 0 when the request is admitted.
int StatusOf(const std::variant<HttpAdmitted, HttpResponse>& admitted) {
  const auto* refusal = std::get_if<HttpResponse>(&admitted);
  return refusal == nullptr ? 0 : refusal->status;
}

TEST(HttpRouterTest, FindsByPathAndMethod) {
  const HttpRouter router = MakeRouter();
  const auto get = router.Find("GET", "/page");
  const auto post = router.Find("POST", "/page");
  ASSERT_TRUE(std::holds_alternative<const HttpRoute*>(get));
  ASSERT_TRUE(std::holds_alternative<const HttpRoute*>(post));
  EXPECT_EQ(router.Find("HEAD", "/page").index(), 0u);
  EXPECT_NE(std::get<0>(get), std::get<0>(post));
}

TEST(HttpRouterTest, SaysWhatThereIsNot) {
  const HttpRouter router = MakeRouter();
  const auto nowhere = std::get<HttpResponse>(router.Find("GET", "/page/"));
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_THAT(nowhere.body, HasSubstr("there is nothing at /page/"));
  const auto patch = std::get<HttpResponse>(router.Find("PATCH", "/page"));
  EXPECT_EQ(patch.status, 405);
  EXPECT_EQ(patch.headers.Get("allow"), "GET, HEAD, POST");
  const auto get = std::get<HttpResponse>(router.Find("GET", "/guarded"));
  EXPECT_EQ(get.headers.Get("Allow"), "POST");
}

TEST(HttpRouterTest, MatchesOneSegment) {
  EXPECT_EQ(MatchSegment("/t/{t}/i", "/t/acme/i"), "acme");
  EXPECT_EQ(MatchSegment("/t/{t}", "/t/a%2Fb"), "a%2Fb");
  for (const char* path : {"/t//i", "/t/i", "/t/a/b/i", "/t/a/i/", "/t/a"}) {
    EXPECT_EQ(MatchSegment("/t/{t}/i", path), std::nullopt) << path;
  }
  HttpRouter router;
  router.Add("GET", "/t/{t}", {.handler = Nothing});
  router.Add("GET", "/t/all", {.handler = Nothing});
  const auto any = std::get<0>(router.Find("GET", "/t/acme"));
  EXPECT_EQ(any, std::get<0>(router.Find("GET", "/t/other")));
  EXPECT_NE(any, std::get<0>(router.Find("GET", "/t/all")));
  EXPECT_EQ(std::get<1>(router.Find("GET", "/t/a/b")).status, 404);
  EXPECT_EQ(std::get<1>(router.Find("POST", "/t/acme")).status, 405);
}

struct AdmissionCase {
  std::string name;
  HttpRequest head;
  HttpFraming framing;
  int status;  // 0: admitted
};

HttpRequest Head(std::string method, std::string path,
                 std::vector<std::pair<std::string, std::string>> fields = {}) {
  HttpRequest head = {.method = std::move(method), .path = std::move(path)};
  for (const auto& [name, value] : fields) head.headers.Add(name, value);
  return head;
}

TEST(HttpAdmissionTest, DecidesByTheHead) {
  const AdmissionCase kCases[] = {
      {"get", Head("GET", "/page"), {}, 0},
      {"nowhere", Head("GET", "/x"), {}, 404},
      {"method", Head("PUT", "/page"), {}, 405},
      {"body of a get", Head("GET", "/page"), {false, 1}, 413},
      {"largest", Head("POST", "/page"), {false, 100}, 0},
      {"too large", Head("POST", "/page"), {false, 101}, 413},
      {"far too large", Head("POST", "/page"), {false, uint64_t{1} << 63}, 413},
      {"chunked",
       Head("POST", "/page", {{"Transfer-Encoding", "chunked"}}),
       {true, std::nullopt},
       0},
      {"other transfer encoding",
       Head("POST", "/page", {{"Transfer-Encoding", "gzip"}}),
       {},
       400},
      {"compressed",
       Head("POST", "/page", {{"Content-Encoding", "gzip"}}),
       {false, 1},
       415},
      {"not compressed",
       Head("POST", "/page", {{"content-encoding", "Identity"}}),
       {false, 1},
       0},
      {"expects",
       Head("POST", "/page", {{"Expect", "100-Continue"}}),
       {false, 1},
       0},
      {"expects more",
       Head("POST", "/page", {{"Expect", "tea"}}),
       {false, 1},
       417},
      {"guarded", Head("POST", "/guarded"), {}, 401},
      {"known", Head("POST", "/guarded", {{"X-Secret", "s"}}), {}, 0},
  };
  const HttpRouter router = MakeRouter();
  for (const AdmissionCase& c : kCases) {
    EXPECT_EQ(StatusOf(Admit(router, c.head, c.framing)), c.status) << c.name;
  }
}

TEST(HttpAdmissionTest, SaysWhatTheBodyMayComeTo) {
  const HttpRouter router = MakeRouter();
  const auto sized = Admit(router, Head("POST", "/page"), {false, 7});
  EXPECT_EQ(std::get<HttpAdmitted>(sized).most_body_bytes, 7u);
  const auto chunked =
      Admit(router, Head("POST", "/page", {{"Transfer-Encoding", "chunked"}}),
            {true, std::nullopt});
  EXPECT_EQ(std::get<HttpAdmitted>(chunked).most_body_bytes, 100u);
}

}  // namespace
}  // namespace mqttpush
