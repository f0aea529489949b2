#include "workers/link/link_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "workers/link/link_peer_for_test.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using worker::v1::Credit;
using worker::v1::Publish;

constexpr absl::Duration kDeadline = absl::Seconds(30);

Credit Epoch(int64_t epoch) {
  Credit credit;
  credit.set_epoch(epoch);
  return credit;
}

Publish OfBytes(size_t size) {
  Publish publish;
  publish.set_payload(std::string(size, 'x'));
  return publish;
}

class LinkStreamTest : public ::testing::Test {
 protected:
  LinkStreamTest() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    peer_ = std::make_unique<LinkPeer>(fds[1]);
    OnLoop([&] {
      stream_ = std::make_unique<LinkStream>(
          &loop_, fds[0],
          LinkStream::Events{
              .other_end = "probe",
              .on_message =
                  [this](absl::string_view bytes) { return Note(bytes); },
              .on_end = [this](const absl::Status& status) { End(status); }});
    });
  }
  ~LinkStreamTest() override { loop_.Stop(); }

  void OnLoop(EventLoop::Task task) { loop_.RunAndWait(std::move(task)); }

  absl::Status Note(absl::string_view bytes) {
    Credit credit;
    if (!credit.ParseFromString(std::string(bytes))) {
      return absl::DataLossError("garbage");
    }
    MutexLock lock(&mutex_);
    heard_.push_back(credit.epoch());
    changed_.SignalAll();
    return absl::OkStatus();
  }
  // As the owners do: the stream goes with its end.
  void End(const absl::Status& status) {
    stream_.reset();
    MutexLock lock(&mutex_);
    end_ = status;
    changed_.SignalAll();
  }

  std::vector<int64_t> WaitForHeard(size_t count) {
    MutexLock lock(&mutex_);
    while (heard_.size() < count && changed_.WaitFor(&mutex_, kDeadline)) {
    }
    return heard_;
  }
  absl::StatusCode WaitForEnd() { return WaitForEndStatus().code(); }
  absl::Status WaitForEndStatus() {
    MutexLock lock(&mutex_);
    while (!end_.has_value() && changed_.WaitFor(&mutex_, kDeadline)) {
    }
    return end_.value_or(absl::DeadlineExceededError("no end"));
  }

  EventLoop loop_;
  std::unique_ptr<LinkPeer> peer_;
  std::unique_ptr<LinkStream> stream_;  // the loop's
  Mutex mutex_;
  CondVar changed_;
  std::vector<int64_t> heard_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(LinkStreamTest, HearsAndSays) {
  peer_->Write(Epoch(1));
  peer_->Write(Epoch(2));
  EXPECT_THAT(WaitForHeard(2), ElementsAre(1, 2));
  OnLoop([&] { stream_->Send(Epoch(3)); });
  Credit credit;
  ASSERT_TRUE(peer_->Read(&credit));
  EXPECT_EQ(credit.epoch(), 3);
}

TEST_F(LinkStreamTest, WritesWhatOneRoundSaysAtOnce) {
  OnLoop([&] {
    for (int i = 1; i <= 10; ++i) stream_->Send(Epoch(i));
  });
  OnLoop([] {});  // the end of that round has passed
  Credit credit;
  ASSERT_TRUE(peer_->Read(&credit));  // reads all that is there
  for (int i = 2; i <= 10; ++i) {
    ASSERT_TRUE(peer_->Read(&credit));
    EXPECT_EQ(credit.epoch(), i);
  }
}

TEST_F(LinkStreamTest, HearsAMessageThatComesInPieces) {
  std::string frame;
  ASSERT_TRUE(AppendFrame(Epoch(7), frame).ok());
  for (const char byte : frame) {
    peer_->WriteBytes(absl::string_view(&byte, 1));
    OnLoop([] {});
  }
  EXPECT_THAT(WaitForHeard(1), ElementsAre(7));
}

TEST_F(LinkStreamTest, KeepsWhatThePeerDoesNotReadYet) {
  // Far more than the socket takes.
  constexpr size_t kSize = 4 << 20;
  OnLoop([&] {
    stream_->Send(OfBytes(kSize));
    stream_->Send(OfBytes(1));
  });
  OnLoop([&] { stream_->Send(OfBytes(2)); });
  Publish publish;
  for (const size_t size : {kSize, size_t{1}, size_t{2}}) {
    ASSERT_TRUE(peer_->Read(&publish));
    EXPECT_EQ(publish.payload().size(), size);
  }
  // And goes on as before.
  OnLoop([&] { stream_->Send(OfBytes(3)); });
  ASSERT_TRUE(peer_->Read(&publish));
  EXPECT_EQ(publish.payload().size(), 3u);
}

TEST_F(LinkStreamTest, GivesUpAPeerThatNeverReads) {
  OnLoop([&] {
    for (size_t i = 0; i <= LinkStream::kMostUnreadBytes >> 20; ++i) {
      stream_->Send(OfBytes(1 << 20));
    }
  });
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kOk);
}

TEST_F(LinkStreamTest, GivesUpWhenAMessageIsTooLarge) {
  testing::internal::CaptureStderr();
  OnLoop([&] { stream_->Send(OfBytes(kMaxFrameBytes + 1)); });
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kOk);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("event=link_given_up other_end=probe error="));
}

TEST_F(LinkStreamTest, FinishSaysAllAndStillHears) {
  OnLoop([&] {
    stream_->Send(OfBytes(1 << 20));
    stream_->Finish();
    stream_->Send(OfBytes(1));  // dropped
  });
  Publish publish;
  ASSERT_TRUE(peer_->Read(&publish));
  EXPECT_EQ(publish.payload().size(), size_t{1} << 20);
  EXPECT_FALSE(peer_->Read(&publish));
  peer_->Write(Epoch(5));
  EXPECT_THAT(WaitForHeard(1), ElementsAre(5));
  peer_->Close();
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kOk);
}

TEST_F(LinkStreamTest, HearsAllBeforeTheEnd) {
  for (int i = 1; i <= 1000; ++i) peer_->Write(Epoch(i));
  peer_->Close();
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kOk);
  EXPECT_EQ(WaitForHeard(1000).size(), 1000u);
}

TEST_F(LinkStreamTest, AnEndInAMessageIsDataLoss) {
  std::string frame;
  ASSERT_TRUE(AppendFrame(Epoch(7), frame).ok());
  peer_->WriteBytes(frame.substr(0, frame.size() - 1));
  peer_->Finish();
  const absl::Status end = WaitForEndStatus();
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(end.message(), "the probe ended in a message");
}

TEST_F(LinkStreamTest, GarbageEndsIt) {
  peer_->Write(Epoch(1));
  peer_->WriteBytes("GET / HTTP/1.1\r\n");
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(WaitForHeard(1), ElementsAre(1));
}

TEST_F(LinkStreamTest, SayingSomethingToAPeerThatIsGoneDoesNothing) {
  // The end waits in the socket until the loop has said something.
  OnLoop([&] {
    peer_->Close();
    stream_->Send(Epoch(1));
    stream_->Send(Epoch(2));
  });
  EXPECT_EQ(WaitForEnd(), absl::StatusCode::kOk);
}

TEST_F(LinkStreamTest, MayGoWhileItHasSomethingToSay) {
  OnLoop([&] {
    stream_->Send(OfBytes(4 << 20));
    stream_.reset();
  });
  Publish publish;
  EXPECT_FALSE(peer_->Read(&publish));
}

}  // namespace
}  // namespace mqttpush
