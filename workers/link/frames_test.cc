#include "workers/link/frames.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqttpush/worker/v1/worker_link.pb.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using worker::v1::Credit;

std::string Frame(int64_t epoch) {
  Credit credit;
  credit.set_epoch(epoch);
  std::string frame;
  EXPECT_TRUE(AppendFrame(credit, frame).ok());
  return frame;
}

// All that is complete.
std::vector<int64_t> TakeEpochs(FrameReader& reader) {
  std::vector<int64_t> epochs;
  while (true) {
    auto message = reader.Next();
    EXPECT_TRUE(message.ok());
    if (!message.ok() || !message->has_value()) return epochs;
    Credit credit;
    EXPECT_TRUE(credit.ParseFromString(std::string(**message)));
    epochs.push_back(credit.epoch());
  }
}

TEST(FramesTest, ReadsMessagesThatComeTogether) {
  FrameReader reader;
  reader.Feed(Frame(1) + Frame(2) + Frame(300));
  EXPECT_THAT(TakeEpochs(reader), ElementsAre(1, 2, 300));
  EXPECT_TRUE(reader.empty());
}

TEST(FramesTest, ReadsMessagesThatComeByteByByte) {
  FrameReader reader;
  std::vector<int64_t> epochs;
  for (const char byte : Frame(1) + Frame(2)) {
    reader.Feed(absl::string_view(&byte, 1));
    for (int64_t epoch : TakeEpochs(reader)) epochs.push_back(epoch);
  }
  EXPECT_THAT(epochs, ElementsAre(1, 2));
}

TEST(FramesTest, KeepsWhatIsNotComplete) {
  FrameReader reader;
  const std::string second = Frame(2);
  reader.Feed(Frame(1) + second.substr(0, 5));
  EXPECT_THAT(TakeEpochs(reader), ElementsAre(1));
  EXPECT_FALSE(reader.empty());
  reader.Feed(second.substr(5));
  EXPECT_THAT(TakeEpochs(reader), ElementsAre(2));
}

TEST(FramesTest, AnEmptyMessageIsAMessage) {
  FrameReader reader;
  reader.Feed(Frame(0));
  EXPECT_THAT(TakeEpochs(reader), ElementsAre(0));
}

TEST(FramesTest, ReadsTheLargestMessage) {
  worker::v1::Publish publish;
  publish.set_payload(std::string(kMaxFrameBytes - 5, 'x'));
  std::string frame;
  ASSERT_TRUE(AppendFrame(publish, frame).ok());
  FrameReader reader;
  reader.Feed(frame);
  auto message = reader.Next();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->size(), kMaxFrameBytes);
}

TEST(FramesTest, DoesNotWriteALargerOne) {
  worker::v1::Publish publish;
  publish.set_payload(std::string(kMaxFrameBytes, 'x'));
  std::string out = "before";
  EXPECT_EQ(AppendFrame(publish, out).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(out, "before");
}

TEST(FramesTest, DoesNotWaitForOneThatIsTooLarge) {
  FrameReader reader;
  reader.Feed(Frame(1) + "GET / HTTP/1.1\r\n");
  ASSERT_TRUE(reader.Next().ok());
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace mqttpush
