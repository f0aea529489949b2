#include "services/http/http_error.h"

#include "gtest/gtest.h"
#include "services/api/errors.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

TEST(HttpErrorTest, HasOneShape) {
  const HttpResponse error =
      HttpError(400, "BAD", "no \"good\"",
                {{2, "payload.id", "required"}, {{}, "", "x"}});
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(error.body,
            R"({"error":{"code":"BAD","message":"no \"good\"","details":[)"
            R"({"index":2,"field":"payload.id","description":"required"},)"
            R"({"field":"","description":"x"}]}})"
            "\n");
}

TEST(HttpErrorTest, IsAlwaysUtf8) {
  EXPECT_EQ(HttpError(404, "C", "\xff!").body,
            "{\"error\":{\"code\":\"C\",\"message\":\"?!\",\"details\":[]}}\n");
}

TEST(HttpErrorTest, KeepsTheBrokenFields) {
  EXPECT_NE(HttpErrorOf(InvalidField("events", "must have 1"))
                .body.find(R"("details":[{"field":"events",)"
                           R"("description":"must have 1"}])"),
            std::string::npos);
}

TEST(HttpErrorTest, FollowsTheErrorsOfTheServices) {
  struct Case {
    absl::Status status;
    int http_status;
    std::string code;
    bool retry;
  };
  const Case kCases[] = {
      {InvalidField("events", "must have 1"), 400, "INVALID_FIELDS", false},
      {errors::LogUnavailable(absl::UnavailableError("the disk is full")), 503,
       "LOG_UNAVAILABLE", true},
      {errors::LogUnavailable(absl::ResourceExhaustedError("behind")), 429,
       "LOG_BUSY", true},
      {absl::InternalError("bug"), 500, "INTERNAL", false},
  };
  for (const Case& c : kCases) {
    const HttpResponse error = HttpErrorOf(c.status);
    EXPECT_EQ(error.status, c.http_status) << c.code;
    EXPECT_EQ(error.headers.Has("Retry-After"), c.retry) << c.code;
    EXPECT_NE(error.body.find("\"" + c.code + "\""), std::string::npos)
        << error.body;
  }
}

TEST(HttpErrorTest, RetryAfterIsInWholeSecondsRoundedUp) {
  const std::pair<absl::Duration, const char*> kCases[] = {
      {absl::ZeroDuration(), "1"},
      {absl::Milliseconds(1), "1"},
      {absl::Seconds(1), "1"},
      {absl::Milliseconds(1001), "2"},
      {absl::Minutes(2), "120"}};
  for (const auto& [delay, seconds] : kCases) {
    HttpResponse response;
    SetRetryAfter(delay, &response);
    EXPECT_EQ(response.headers.Get("Retry-After"), seconds) << delay;
  }
}

}  // namespace
}  // namespace mqttpush
