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
  EXPECT_EQ(batch.through, 11);
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
  EXPECT_EQ(batch.through, 12);
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

TEST(ExportCursorTest, IsKept) {
  TempDir temp;
  const ExportCursor cursor(temp.File("cursor"));
  EXPECT_EQ(*cursor.Load(), std::nullopt);
  for (int64_t ticks : {int64_t{17'953'344'000'000'000}, int64_t{5}}) {
    ASSERT_TRUE(cursor.Save(ticks).ok());
    EXPECT_EQ(*cursor.Load(), ticks);
  }
  WriteFile(temp.File("cursor"), "x\n");
  EXPECT_EQ(cursor.Load().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ExportCursor(temp.File("none/cursor")).Save(1).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mqttpush
