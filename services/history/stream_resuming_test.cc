// StreamAttempts by who resumes, reads slowly or has gone: a real gRPC server,
// log and stub.
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/history/stream_attempts_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

TEST_F(StreamAttemptsTest, CutAndResumed100TimesGivesEachExactlyOnce) {
  constexpr int kAttempts = 12'000;
  const int64_t seq = Append("a");
  std::thread writer([&] {
    for (int number = 1; number <= kAttempts;) {
      DeliveryUpdate update = {.subscription_uid = uid_};
      for (int i = 0; i < 40 && number <= kAttempts; ++i, ++number) {
        update.attempts.push_back(Attempt(seq, number));
      }
      ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    }
  });
  std::vector<std::string> names;
  int cuts = 0;
  while (names.size() < kAttempts) {
    StreamCall call(*stub_, request_);
    // One response of each call counts, and whatever else was on its way is
    // lost with the connection.
    while (call.Read() && call.names().empty()) {
    }
    EXPECT_FALSE(call.names().empty());
    if (call.names().empty()) break;
    names.insert(names.end(), call.names().begin(), call.names().end());
    request_.set_resume_token(call.response().resume_token());
    call.Cancel();
    call.Finish();
    ++cuts;
    // The service hears of it later.
    EXPECT_TRUE(WaitUntil(kPatience, [&] { return streams_->count() == 0; }));
  }
  writer.join();
  EXPECT_GE(cuts, 100);
  std::vector<std::string> expected;
  for (int number = 1; number <= kAttempts; ++number) {
    expected.push_back(absl::StrCat("tenants/acme/deliveries/", seq, "-", uid_,
                                    "/attempts/", number));
  }
  EXPECT_EQ(names, expected);
}

TEST_F(StreamAttemptsTest, ResumesOverARestart) {
  RecordMany(130);
  size_t read = 0;
  {
    StreamCall call(*stub_, request_);
    ASSERT_TRUE(call.Read());
    read = call.names().size();
    EXPECT_GT(read, 0u);
    EXPECT_LT(read, names_.size());
    request_.set_resume_token(call.response().resume_token());
    StopService();
  }
  StartService();
  EXPECT_EQ(NamesOf(request_),
            std::vector<std::string>(names_.begin() + read, names_.end()));
}

TEST_F(StreamAttemptsTest, SaysWhatRetentionLeftOut) {
  const int64_t seq = Append("a");
  Record(Attempt(seq, 1));
  StreamCall cut(*stub_, request_);
  cut.ReadToEnd();
  request_.set_resume_token(cut.response().resume_token());
  cut.Cancel();
  for (int number = 2; number <= 120; ++number) Record(Attempt(seq, number));
  log_->WaitUntilSealed();
  // Without an event that waits they may be dropped, after a commit.
  DeliveryUpdate delivered = {.subscription_uid = uid_,
                              .cursor = seq,
                              .sent_through = seq,
                              .newly_delivered = 1};
  DeliveryUpdate also = delivered;
  also.subscription_uid = second_uid_;
  ASSERT_TRUE(CommitAndWait(*log_, {delivered, also}).ok());
  cursor_ = seq;
  int number = 120;
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    clock_.Advance(absl::Hours(48));
    Record(Attempt(seq, ++number));
    return log_->store()->list().Get()->front()->number > 2;
  }));
  StreamCall late(*stub_, request_);
  ASSERT_TRUE(late.Read());
  EXPECT_TRUE(late.response().gap());
  late.ReadToEnd();
  EXPECT_FALSE(late.response().gap());
  EXPECT_EQ(late.names().back(), names_.back());
  EXPECT_LT(late.names().size(), 119u);
  late.Cancel();
}

TEST_F(StreamAttemptsTest, RefusesATokenThatIsNotOfThisStream) {
  RecordMany(3);
  StreamCall call(*stub_, request_);
  call.ReadToEnd();
  call.Cancel();
  v1::StreamAttemptsRequest resumed = request_;
  resumed.set_resume_token("nonsense");
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
  resumed.set_resume_token(call.response().resume_token());
  resumed.mutable_filter()->set_topic("t");
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
  // Of a log that was since restored from an older backup.
  StopService();
  log_folder_ = "restored";
  StartService();
  resumed.mutable_filter()->clear_topic();
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
}

TEST_F(StreamAttemptsTest, ASlowReaderHoldsOneResponseAndNobodyUp) {
  RecordMany(1000);
  StreamCall slow(*stub_, request_);
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return history_->rows > 0; }));
  // Others are served meanwhile, and the log is written.
  EXPECT_EQ(NamesOf(request_), names_);
  Record(Attempt(1, 1001));
  EXPECT_LE(history_->rows - 1000, 2 * limits::kMaxAttemptsPerResponse);
  slow.ReadToEnd();
  EXPECT_EQ(slow.names(), names_);
  slow.Cancel();
}

TEST_F(StreamAttemptsTest, WhoIsGoneMakesRoom) {
  RecordMany(300);
  std::vector<std::unique_ptr<StreamCall>> calls;
  for (int i = 0; i < kStreams; ++i) {
    calls.push_back(std::make_unique<StreamCall>(*stub_, request_));
    // One waits for more, the others have not read what there is.
    if (i == 0) {
      calls.back()->ReadToEnd();
    } else {
      ASSERT_TRUE(calls.back()->Read());
    }
  }
  const grpc::Status full = StatusOf(request_);
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(full.error_message(), ::testing::HasSubstr("StreamAttempts"));
  for (auto& call : calls) call->Cancel();
  EXPECT_TRUE(WaitUntil(kPatience, [&] { return streams_->count() == 0; }));
  EXPECT_EQ(NamesOf(request_), names_);
}

TEST_F(StreamAttemptsTest, EndsAtOnceWhenTheServiceStops) {
  RecordMany(3);
  StreamCall call(*stub_, request_);
  call.ReadToEnd();
  streams_->EndAll();
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(StatusOf(request_).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace mqttpush
