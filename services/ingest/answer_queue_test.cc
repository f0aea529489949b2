#include "services/ingest/answer_queue.h"

#include <string>
#include <vector>

#include "common/limits.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

// An answer that can be told from others.
v1::PublishEventsResponse Response(const std::string& event_id) {
  v1::PublishEventsResponse response;
  response.add_results()->set_event_id(event_id);
  return response;
}

// The event id of the answer that is to be written; "" if there is none.
std::string TakeAnswer(AnswerQueue& queue) {
  const auto answer = queue.TakeAnswer();
  return answer.has_value() ? answer->results(0).event_id() : "";
}

int64_t Read(AnswerQueue& queue) {
  EXPECT_TRUE(queue.TakeRead());
  const int64_t batch = queue.AddBatch();
  queue.RequestFree();
  return batch;
}

TEST(AnswerQueueTest, AnswersInTheOrderOfTheBatches) {
  AnswerQueue queue;
  const int64_t first = Read(queue);
  const int64_t second = Read(queue);
  queue.Resolve(second, Response("2"));
  EXPECT_EQ(TakeAnswer(queue), "");
  queue.Resolve(first, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "1");
  EXPECT_EQ(TakeAnswer(queue), "");  // one at a time
  queue.AnswerWritten(true);
  EXPECT_EQ(TakeAnswer(queue), "2");
  queue.AnswerWritten(true);
  EXPECT_EQ(TakeAnswer(queue), "");
  EXPECT_FALSE(queue.TakeFinish().has_value());
}

TEST(AnswerQueueTest, ReadsOneAtATimeAndOnlyWhileFewAreUnanswered) {
  AnswerQueue queue;
  EXPECT_TRUE(queue.TakeRead());
  EXPECT_FALSE(queue.TakeRead());
  const int64_t first = queue.AddBatch();
  EXPECT_FALSE(queue.TakeRead());  // the request is in use
  queue.RequestFree();
  for (int i = 1; i < limits::kMaxUnansweredBatches; ++i) Read(queue);
  EXPECT_FALSE(queue.TakeRead());
  queue.Resolve(first, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "1");
  EXPECT_FALSE(queue.TakeRead());  // not yet written
  queue.AnswerWritten(true);
  EXPECT_TRUE(queue.TakeRead());
}

TEST(AnswerQueueTest, EndsWellAfterTheLastAnswer) {
  AnswerQueue queue;
  const int64_t batch = Read(queue);
  EXPECT_TRUE(queue.TakeRead());
  queue.EndOfRequests();
  EXPECT_FALSE(queue.TakeRead());
  EXPECT_FALSE(queue.TakeFinish().has_value());
  queue.Resolve(batch, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "1");
  EXPECT_FALSE(queue.TakeFinish().has_value());
  queue.AnswerWritten(true);
  EXPECT_EQ(queue.TakeFinish(), absl::OkStatus());
  EXPECT_FALSE(queue.TakeFinish().has_value());  // once
}

TEST(AnswerQueueTest, EndsWellWithoutABatch) {
  AnswerQueue queue;
  EXPECT_TRUE(queue.TakeRead());
  EXPECT_FALSE(queue.TakeFinish().has_value());
  queue.EndOfRequests();
  EXPECT_EQ(queue.TakeFinish(), absl::OkStatus());
}

TEST(AnswerQueueTest, AnErrorEndsTheStreamInItsTurn) {
  AnswerQueue queue;
  const int64_t first = Read(queue);
  const int64_t second = Read(queue);
  const int64_t third = Read(queue);
  queue.Resolve(third, Response("3"));
  queue.Resolve(second, absl::UnavailableError("full"));
  EXPECT_FALSE(queue.TakeRead());
  EXPECT_FALSE(queue.TakeFinish().has_value());
  queue.Resolve(first, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "1");
  EXPECT_FALSE(queue.TakeFinish().has_value());
  queue.AnswerWritten(true);
  EXPECT_EQ(TakeAnswer(queue), "");
  EXPECT_EQ(queue.TakeFinish(), absl::UnavailableError("full"));
  EXPECT_EQ(TakeAnswer(queue), "");
}

TEST(AnswerQueueTest, AClientThatIsGoneEndsTheStreamAtOnce) {
  AnswerQueue queue;
  const int64_t first = Read(queue);
  const int64_t second = Read(queue);
  queue.Resolve(first, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "1");
  queue.AnswerWritten(false);
  EXPECT_FALSE(queue.TakeRead());
  ASSERT_TRUE(queue.TakeFinish().has_value());
  // The log may still answer, also after the end.
  queue.Resolve(second, Response("2"));
  EXPECT_EQ(TakeAnswer(queue), "");
  EXPECT_FALSE(queue.TakeFinish().has_value());
  EXPECT_FALSE(queue.TakeRead());
}

TEST(AnswerQueueTest, ACancelledStreamDoesNotWaitForTheLog) {
  AnswerQueue queue;
  const int64_t batch = Read(queue);
  EXPECT_TRUE(queue.TakeRead());
  queue.ClientGone();
  EXPECT_EQ(queue.TakeFinish()->code(), absl::StatusCode::kCancelled);
  queue.EndOfRequests();
  queue.Resolve(batch, Response("1"));
  EXPECT_EQ(TakeAnswer(queue), "");
  EXPECT_FALSE(queue.TakeFinish().has_value());
}

}  // namespace
}  // namespace mqttpush
