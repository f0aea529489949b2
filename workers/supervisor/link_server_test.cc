#include "workers/supervisor/link_server.h"

#include <vector>

#include "gtest/gtest.h"
#include "workers/link/link_peer_for_test.h"

namespace mqttpush {
namespace {

using worker::v1::ControlMessage;
using worker::v1::WorkerMessage;

constexpr int64_t kWorkerId = 42;
constexpr absl::Duration kDeadline = absl::Seconds(30);

// Notes what the server says, and waits for it.
class RecordingListener : public LinkServer::Listener {
 public:
  void OnAttached(int64_t worker_id,
                  std::shared_ptr<WorkerChannel> channel) override {
    MutexLock lock(&mutex_);
    attached_ = worker_id;
    channel_ = std::move(channel);
    changed_.SignalAll();
  }
  void OnMessage(int64_t, const WorkerMessage& message) override {
    MutexLock lock(&mutex_);
    epochs_.push_back(message.credit().epoch());
    changed_.SignalAll();
  }
  void OnDetached(int64_t worker_id) override {
    MutexLock lock(&mutex_);
    detached_ = worker_id;
    changed_.SignalAll();
  }

  std::shared_ptr<WorkerChannel> WaitForAttached(int64_t worker_id) {
    MutexLock lock(&mutex_);
    while (attached_ != worker_id) {
      if (!changed_.WaitFor(&mutex_, kDeadline)) return nullptr;
    }
    return channel_;
  }
  bool WaitForDetached(int64_t worker_id) {
    MutexLock lock(&mutex_);
    while (detached_ != worker_id) {
      if (!changed_.WaitFor(&mutex_, kDeadline)) return false;
    }
    return true;
  }
  std::vector<int64_t> epochs() {
    MutexLock lock(&mutex_);
    return epochs_;
  }
  int64_t attached() {
    MutexLock lock(&mutex_);
    return attached_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int64_t attached_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t detached_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<WorkerChannel> channel_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> epochs_ ABSL_GUARDED_BY(mutex_);
};

// The worker's end, played by the test.
class FakeWorker {
 public:
  explicit FakeWorker(int fd) : link_(fd), nonce_(link_.ReadNonce()) {}
  void SayHello(const std::string& nonce) {
    WorkerMessage message;
    message.mutable_hello()->set_nonce(nonce);
    link_.Write(message);
  }
  void SayHello() { SayHello(nonce_); }
  void Grant(int64_t epoch) {
    WorkerMessage message;
    message.mutable_credit()->set_epoch(epoch);
    link_.Write(message);
  }
  LinkPeer& link() { return link_; }
  bool Read(ControlMessage* message) { return link_.Read(message); }
  // The server's end is closed in turn.
  bool Finish() {
    link_.Finish();
    ControlMessage nothing;
    return !link_.Read(&nothing);
  }

 private:
  LinkPeer link_;
  const std::string nonce_;
};

class LinkServerTest : public ::testing::Test {
 protected:
  ~LinkServerTest() override { loop_.Stop(); }

  int AddWorker() {
    int fd = -1;
    loop_.RunAndWait([&] { fd = *server_.AddWorker(kWorkerId); });
    return fd;
  }
  void Send(const std::shared_ptr<WorkerChannel>& channel,
            ControlMessage message) {
    loop_.RunAndWait([&] { channel->Send(std::move(message)); });
  }

  EventLoop loop_;
  RecordingListener listener_;
  LinkServer server_{&loop_, &listener_};
};

TEST_F(LinkServerTest, AttachesTheWorkerThatKnowsItsNonce) {
  FakeWorker worker(AddWorker());
  worker.SayHello();
  auto channel = listener_.WaitForAttached(kWorkerId);
  ASSERT_NE(channel, nullptr);
  ControlMessage drain;
  drain.mutable_drain();
  Send(channel, drain);
  ControlMessage received;
  ASSERT_TRUE(worker.Read(&received));
  EXPECT_TRUE(received.has_drain());
}

TEST_F(LinkServerTest, TellsEverythingThatWasSaidBeforeTheEnd) {
  FakeWorker worker(AddWorker());
  worker.SayHello();
  for (int64_t epoch = 1; epoch <= 1000; ++epoch) worker.Grant(epoch);
  EXPECT_TRUE(worker.Finish());
  ASSERT_TRUE(listener_.WaitForDetached(kWorkerId));
  EXPECT_EQ(listener_.epochs().size(), 1000u);
  EXPECT_EQ(listener_.epochs().back(), 1000);
}

TEST_F(LinkServerTest, RefusesAWrongNonce) {
  FakeWorker worker(AddWorker());
  worker.SayHello(std::string(32, 'x'));
  ControlMessage received;
  EXPECT_FALSE(worker.Read(&received));
  EXPECT_EQ(listener_.attached(), 0);
}

TEST_F(LinkServerTest, RefusesAWorkerThatWasRemoved) {
  FakeWorker worker(AddWorker());
  loop_.RunAndWait([&] { server_.RemoveWorker(kWorkerId); });
  worker.SayHello();
  ControlMessage received;
  EXPECT_FALSE(worker.Read(&received));
  EXPECT_EQ(listener_.attached(), 0);
}

TEST_F(LinkServerTest, KeepsTheOrderOfWhatIsSentAtOnce) {
  FakeWorker worker(AddWorker());
  worker.SayHello();
  auto channel = listener_.WaitForAttached(kWorkerId);
  ASSERT_NE(channel, nullptr);
  for (int i = 0; i < 500; ++i) {
    ControlMessage batch;
    batch.mutable_publish_batch()->set_epoch(i);
    Send(channel, std::move(batch));
  }
  for (int i = 0; i < 500; ++i) {
    ControlMessage received;
    ASSERT_TRUE(worker.Read(&received));
    EXPECT_EQ(received.publish_batch().epoch(), i);
  }
}

TEST_F(LinkServerTest, SendingToAWorkerThatIsGoneDoesNothing) {
  std::shared_ptr<WorkerChannel> channel;
  {
    FakeWorker worker(AddWorker());
    worker.SayHello();
    channel = listener_.WaitForAttached(kWorkerId);
    ASSERT_NE(channel, nullptr);
    EXPECT_TRUE(worker.Finish());
  }
  ASSERT_TRUE(listener_.WaitForDetached(kWorkerId));
  Send(channel, ControlMessage());
}

TEST_F(LinkServerTest, EndsTheStreamOfAWorkerThatSaysGarbage) {
  FakeWorker worker(AddWorker());
  worker.SayHello();
  ASSERT_NE(listener_.WaitForAttached(kWorkerId), nullptr);
  worker.Grant(1);
  // One byte that announces a field which does not follow.
  worker.link().WriteBytes(std::string("\1\0\0\0\x0a", 5));
  ControlMessage received;
  EXPECT_FALSE(worker.Read(&received));
  EXPECT_TRUE(listener_.WaitForDetached(kWorkerId));
  EXPECT_EQ(listener_.epochs(), std::vector<int64_t>{1});
}

TEST_F(LinkServerTest, AWorkerThatDiesWithWordsUnreadIsHeardToTheEnd) {
  auto worker = std::make_unique<FakeWorker>(AddWorker());
  worker->SayHello();
  auto channel = listener_.WaitForAttached(kWorkerId);
  ASSERT_NE(channel, nullptr);
  Send(channel, ControlMessage());
  for (int64_t epoch = 1; epoch <= 100; ++epoch) worker->Grant(epoch);
  worker.reset();  // what was sent to it is unread
  EXPECT_TRUE(listener_.WaitForDetached(kWorkerId));
  EXPECT_EQ(listener_.epochs().size(), 100u);
}

TEST_F(LinkServerTest, KeepsTwoWorkersApart) {
  FakeWorker first(AddWorker());
  int fd = -1;
  loop_.RunAndWait([&] { fd = *server_.AddWorker(kWorkerId + 1); });
  FakeWorker second(fd);
  second.SayHello();
  ASSERT_NE(listener_.WaitForAttached(kWorkerId + 1), nullptr);
  EXPECT_TRUE(second.Finish());
  ASSERT_TRUE(listener_.WaitForDetached(kWorkerId + 1));
  first.SayHello();
  EXPECT_NE(listener_.WaitForAttached(kWorkerId), nullptr);
}

}  // namespace
}  // namespace mqttpush
