#include "services/flowcore/export_batch.h"

#include <rapidjson/document.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/flowcore/export_cursor.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

JournalRow MakeRow(int64_t tenant_uid, int64_t ticks, size_t topic_bytes = 1) {
  JournalRow row = {.tenant_uid = tenant_uid};
  row.row.attempt_seq = 1;
  row.row.attempt.event_seq = 7;
  row.row.attempt.subscription_uid = 1;
  row.row.attempt.topic = std::string(topic_bytes, 't');
  row.row.attempt.recording.ticks = ticks;
  return row;
}

ExportBatch Make(const std::vector<JournalRow>& rows) {
  ConfigSnapshot config;
  TenantRecord tenant;
  tenant.uid = 1;
  tenant.id = "acme";
  config.Put(tenant);
  return MakeExportBatch(rows, FlowTypes::Parse(FlowTypes::kDefault).value(),
                         config);
}

TEST(ExportBatchTest, IsAnArrayOfPayloads) {
  const ExportBatch batch = Make({MakeRow(1, 10), MakeRow(1, 11)});
  EXPECT_EQ(batch.count, 2);
  EXPECT_EQ(batch.through, (ExportPosition{11, 1}));
  rapidjson::Document body;
  body.Parse(batch.body.c_str());
  ASSERT_TRUE(!body.HasParseError() && body.IsArray() && body.Size() == 2);
  EXPECT_STREQ(body[1]["attemptId"].GetString(),
               "tenants/acme/deliveries/7-1/attempts/1");
}

TEST(ExportBatchTest, LeavesOutWhatFlowcoreCannotTake) {
  const ExportBatch batch =
      Make({MakeRow(1, 10, 65'535), MakeRow(2, 11), MakeRow(1, 12)});
  EXPECT_EQ(batch.count, 1);
  EXPECT_EQ(batch.left_out, 2);
  EXPECT_EQ(batch.through.ticks, 12);
  EXPECT_EQ(Make({MakeRow(2, 11)}).body, "[]");
}

TEST(ExportBatchTest, IsBounded) {
  const std::vector<JournalRow> rows(50, MakeRow(1, 10, 60'000));
  const ExportBatch batch = Make(rows);
  EXPECT_LT(batch.count, 15);
  EXPECT_LT(batch.body.size(),
            ExportBatch::kMaxBytes + ExportBatch::kMaxEventBytes + 3);
}

TEST(CheckExportedTest, IsTakenWhenTheStatusSaysSo) {
  const auto check = [](int status, const std::string& body) {
    return CheckExported({.status = status, .headers = {}, .body = body}, 2);
  };
  EXPECT_TRUE(check(200, R"({"success":true,"eventIds":["a","b"]})").ok());
  EXPECT_TRUE(check(201, "").ok());
  EXPECT_TRUE(check(200, R"({"success":true})").ok());
  EXPECT_THAT(std::string(check(200, R"({"eventIds":["a"]})").message()),
              HasSubstr("it took 1 events of 2"));
  for (int status : {301, 400, 401, 408, 429, 500, 503}) {
    EXPECT_THAT(std::string(check(status, "why\xFF").message()),
                HasSubstr(absl::StrCat("status ", status, ": why?")));
  }
}

TEST(MissingFromTest, CountsWhatWasNotThere) {
  ExportBatch batch;
  batch.count = 2;
  batch.left_out = 1;
  batch.through.attempt_seq = 10;
  EXPECT_EQ(MissingFrom(batch, {.attempt_seq = 7}), 0);
  EXPECT_EQ(MissingFrom(batch, {.attempt_seq = 3}), 4);
  EXPECT_EQ(MissingFrom(batch, {.attempt_seq = 0}), 0) << "not known";
  EXPECT_EQ(MissingFrom(batch, {.attempt_seq = 50}), 0)
      << "of a log that was restored";
}

TEST(RetryAfterTest, IsInSecondsOrATime) {
  const absl::Time now = absl::FromUnixSeconds(784'111'777);
  const auto after = [&](const std::string& text) {
    HttpResponse response;
    response.headers.Add("Retry-After", text);
    return RetryAfterOf(response, now);
  };
  EXPECT_EQ(RetryAfterOf({}, now), absl::ZeroDuration());
  EXPECT_EQ(after("120"), absl::Minutes(2));
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:47 GMT"), absl::Seconds(10));
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:17 GMT"), absl::ZeroDuration());
  EXPECT_EQ(after("86400"), absl::Hours(1));
  EXPECT_EQ(after("-5"), absl::ZeroDuration());
  EXPECT_EQ(after("soon"), absl::ZeroDuration());
}

TEST(ExportCursorTest, IsKept) {
  TempDir temp;
  const ExportCursor cursor(temp.File("cursor"));
  EXPECT_EQ(*cursor.Load(), std::nullopt);
  for (const ExportPosition& position :
       {ExportPosition{17'953'344'000'000'000, 7}, ExportPosition{5, 0}}) {
    ASSERT_TRUE(cursor.Save(position).ok());
    EXPECT_EQ(*cursor.Load(), position);
  }
  WriteFile(temp.File("cursor"), "13814000-1dd2-11b2-8000-6d7170757368\n");
  EXPECT_EQ(*cursor.Load(), ExportPosition()) << "of an earlier version";
  for (const char* text :
       {"x\n", "", "13814000-1dd2-11b2-8000-6d7170757368 x\n"}) {
    WriteFile(temp.File("cursor"), text);
    EXPECT_EQ(cursor.Load().status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(ExportCursor(temp.File("none/cursor")).Save({}).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mqttpush
