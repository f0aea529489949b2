#include "services/http/static_document.h"

#include "gtest/gtest.h"
#include "services/http/health_handler.h"

namespace mqttpush {
namespace {

HttpResponse Ask(const HttpHandler& handler, const std::string& etag = "") {
  HttpRequest request;
  if (!etag.empty()) request.headers.Add("If-None-Match", etag);
  HttpResponse response;
  handler(request, [&](HttpResponse r) { response = std::move(r); });
  return response;
}

TEST(StaticDocumentTest, ServesTheBytesOnceToWhoKeepsThem) {
  const HttpHandler handler = StaticDocument("text/plain", "hello");
  const HttpResponse first = Ask(handler);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "hello");
  EXPECT_EQ(first.headers.Get("Content-Type"), "text/plain");
  const std::string etag(first.headers.Get("ETag"));
  for (const std::string& known :
       {etag, "\"x\", W/" + etag, std::string("*")}) {
    const HttpResponse again = Ask(handler, known);
    EXPECT_EQ(again.status, 304) << known;
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.headers.Get("ETag"), etag);
  }
  EXPECT_EQ(Ask(handler, "\"x\"").status, 200);
}

TEST(StaticDocumentTest, OtherBytesHaveAnotherEtag) {
  EXPECT_NE(Ask(StaticDocument("a", "b")).headers.Get("ETag"),
            Ask(StaticDocument("a", "c")).headers.Get("ETag"));
}

TEST(HealthHandlerTest, FollowsTheService) {
  bool serving = true;
  const HttpHandler handler = HealthHandler("ok", [&] { return serving; });
  EXPECT_EQ(Ask(handler).status, 200);
  EXPECT_EQ(Ask(handler).body, "{\"status\":\"ok\"}\n");
  serving = false;
  EXPECT_EQ(Ask(handler).status, 503);
}

}  // namespace
}  // namespace mqttpush
