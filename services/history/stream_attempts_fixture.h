// StreamAttemptsTest: StreamAttempts in process, over segments of few rows.
#ifndef MQTTPUSH_SERVICES_HISTORY_STREAM_ATTEMPTS_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_STREAM_ATTEMPTS_FIXTURE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/history/history_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/wait_until.h"

namespace mqttpush {

// Counts what is read for streams.
class CountingHistory : public SqliteHistoryReader {
 public:
  using SqliteHistoryReader::SqliteHistoryReader;
  absl::StatusOr<std::unique_ptr<AttemptFollower>> FollowAttempts(
      const HistoryQuery& query, std::optional<bool> succeeded,
      std::optional<int64_t> after, bool live) override {
    auto follower =
        SqliteHistoryReader::FollowAttempts(query, succeeded, after, live);
    if (!follower.ok()) return follower.status();
    return std::make_unique<Counting>(*std::move(follower), &rows);
  }
  std::atomic<int> rows{0};

 private:
  class Counting : public AttemptFollower {
   public:
    Counting(std::unique_ptr<AttemptFollower> follower, std::atomic<int>* rows)
        : follower_(std::move(follower)), rows_(rows) {}
    absl::StatusOr<FollowedAttempts> Next(int limit) override {
      auto next = follower_->Next(limit);
      if (next.ok()) *rows_ += static_cast<int>(next->rows.size());
      return next;
    }

   private:
    const std::unique_ptr<AttemptFollower> follower_;
    std::atomic<int>* const rows_;
  };
};

// One call, as a client sees it.
class StreamCall {
 public:
  StreamCall(v1::HistoryService::Stub& stub,
             const v1::StreamAttemptsRequest& request)
      : reader_(stub.StreamAttempts(&context_, request)) {}

  // False at the end of the call.
  bool Read() {
    if (!reader_->Read(&response_)) return false;
    for (const v1::Attempt& attempt : response_.attempts()) {
      names_.push_back(attempt.name());
    }
    return true;
  }
  // Reads until a response says that there is no more.
  void ReadToEnd() {
    while (Read() && response_.attempts_size() > 0) {
    }
  }
  void ReadSoMany(size_t count) {
    while (names_.size() < count && Read()) {
    }
  }
  grpc::Status Finish() {
    while (Read()) {
    }
    return reader_->Finish();
  }
  void Cancel() { context_.TryCancel(); }

  const v1::StreamAttemptsResponse& response() const { return response_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamAttemptsResponse>> reader_;
  v1::StreamAttemptsResponse response_;
  std::vector<std::string> names_;
};

class StreamAttemptsTest : public HistoryFixture {
 protected:
  static constexpr absl::Duration kPatience = absl::Seconds(60);
  static constexpr int kStreams = 3;

  StreamAttemptsTest()
      : HistoryFixture({.segment_rows = 50, .retention = absl::Hours(24)},
                       kStreams) {}
  void SetUp() override {
    HistoryFixture::SetUp();
    TenantRecord other;
    other.id = "other";
    Put(other);
    uid_ = Put(MakeSubscription("sub"));
    second_uid_ = Put(MakeSubscription("second"));
    request_.set_parent("tenants/acme");
  }
  std::unique_ptr<HistoryReader> MakeReader() override {
    auto reader = std::make_unique<CountingHistory>(log_.get());
    history_ = reader.get();
    return reader;
  }

  // An event of both subscriptions; its seq.
  int64_t Append(const std::string& id, const std::string& asset = "asset-1") {
    NewEvent event =
        MakeTenantEvent(id, {{uid_, "sub"}, {second_uid_, "second"}});
    event.asset_id = asset;
    EXPECT_TRUE(AppendAndWait(*log_, {event}).ok());
    return ++last_seq_;
  }
  AttemptRecord Attempt(int64_t seq, int number) const {
    return MakeAttempt(seq, uid_, number, true);
  }
  void Record(AttemptRecord attempt) {
    names_.push_back(absl::StrCat("tenants/acme/deliveries/", attempt.event_seq,
                                  "-", attempt.subscription_uid, "/attempts/",
                                  attempt.number));
    DeliveryUpdate update = {.subscription_uid = attempt.subscription_uid,
                             .cursor = cursor_,
                             .sent_through = cursor_};
    update.attempts = {std::move(attempt)};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  // Attempts of one event, numbered from 1.
  void RecordMany(int count) {
    const int64_t seq = Append("many");
    for (int number = 1; number <= count; ++number) {
      Record(Attempt(seq, number));
    }
  }
  std::vector<std::string> NamesOf(const v1::StreamAttemptsRequest& request) {
    v1::StreamAttemptsRequest ends = request;
    ends.set_live(false);
    StreamCall call(*stub_, ends);
    const grpc::Status status = call.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return call.names();
  }
  grpc::Status StatusOf(const v1::StreamAttemptsRequest& request) {
    return StreamCall(*stub_, request).Finish();
  }
  std::vector<std::string> Names(std::vector<int> indexes) const {
    std::vector<std::string> names;
    for (int i : indexes) names.push_back(names_[i]);
    return names;
  }

  int64_t uid_ = 0, second_uid_ = 0;
  int64_t last_seq_ = 0;
  int64_t cursor_ = 0;              // that Record leaves
  std::vector<std::string> names_;  // of all attempts, as they were recorded
  v1::StreamAttemptsRequest request_;
  CountingHistory* history_ = nullptr;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_STREAM_ATTEMPTS_FIXTURE_H_
