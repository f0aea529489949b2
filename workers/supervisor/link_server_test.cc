#include "workers/supervisor/link_server.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <vector>

#include "gtest/gtest.h"

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
  void OnMessage(int64_t, WorkerMessage message) override {
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
  explicit FakeWorker(int fd) : nonce_(32, '\0') {
    EXPECT_EQ(read(fd, nonce_.data(), nonce_.size()), 32);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    stub_ = worker::v1::WorkerLink::NewStub(
        grpc::CreateInsecureChannelFromFd("worker", fd));
    stream_ = stub_->Attach(&context_);
  }
  void SayHello(const std::string& nonce) {
    WorkerMessage message;
    message.mutable_hello()->set_nonce(nonce);
    stream_->Write(message);
  }
  void SayHello() { SayHello(nonce_); }
  void Grant(int64_t epoch) {
    WorkerMessage message;
    message.mutable_credit()->set_epoch(epoch);
    stream_->Write(message);
  }
  bool Read(ControlMessage* message) { return stream_->Read(message); }
  grpc::Status Finish() {
    stream_->WritesDone();
    return stream_->Finish();
  }

 private:
  std::string nonce_;
  std::unique_ptr<worker::v1::WorkerLink::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<WorkerMessage, ControlMessage>>
      stream_;
};

class LinkServerTest : public ::testing::Test {
 protected:
  RecordingListener listener_;
  LinkServer server_{&listener_};
};

TEST_F(LinkServerTest, AttachesTheWorkerThatKnowsItsNonce) {
  FakeWorker worker(*server_.AddWorker(kWorkerId));
  worker.SayHello();
  auto channel = listener_.WaitForAttached(kWorkerId);
  ASSERT_NE(channel, nullptr);
  ControlMessage drain;
  drain.mutable_drain();
  channel->Send(drain);
  ControlMessage received;
  ASSERT_TRUE(worker.Read(&received));
  EXPECT_TRUE(received.has_drain());
}

TEST_F(LinkServerTest, TellsEverythingThatWasSaidBeforeTheEnd) {
  FakeWorker worker(*server_.AddWorker(kWorkerId));
  worker.SayHello();
  for (int64_t epoch = 1; epoch <= 1000; ++epoch) worker.Grant(epoch);
  EXPECT_TRUE(worker.Finish().ok());
  ASSERT_TRUE(listener_.WaitForDetached(kWorkerId));
  EXPECT_EQ(listener_.epochs().size(), 1000u);
  EXPECT_EQ(listener_.epochs().back(), 1000);
}

TEST_F(LinkServerTest, RefusesAWrongNonce) {
  FakeWorker worker(*server_.AddWorker(kWorkerId));
  worker.SayHello(std::string(32, 'x'));
  ControlMessage received;
  EXPECT_FALSE(worker.Read(&received));
  EXPECT_EQ(listener_.attached(), 0);
}

TEST_F(LinkServerTest, RefusesAWorkerThatWasRemoved) {
  FakeWorker worker(*server_.AddWorker(kWorkerId));
  server_.RemoveWorker(kWorkerId);
  worker.SayHello();
  ControlMessage received;
  EXPECT_FALSE(worker.Read(&received));
  EXPECT_EQ(listener_.attached(), 0);
}

TEST_F(LinkServerTest, KeepsTheOrderOfWhatIsSentAtOnce) {
  FakeWorker worker(*server_.AddWorker(kWorkerId));
  worker.SayHello();
  auto channel = listener_.WaitForAttached(kWorkerId);
  ASSERT_NE(channel, nullptr);
  for (int i = 0; i < 500; ++i) {
    ControlMessage batch;
    batch.mutable_publish_batch()->set_epoch(i);
    channel->Send(std::move(batch));
  }
  for (int i = 0; i < 500; ++i) {
    ControlMessage received;
    ASSERT_TRUE(worker.Read(&received));
    EXPECT_EQ(received.publish_batch().epoch(), i);
  }
}

TEST_F(LinkServerTest, SendingToAWorkerThatIsGoneDoesNothing) {
  auto fd = server_.AddWorker(kWorkerId);
  std::shared_ptr<WorkerChannel> channel;
  {
    FakeWorker worker(*fd);
    worker.SayHello();
    channel = listener_.WaitForAttached(kWorkerId);
    ASSERT_NE(channel, nullptr);
    EXPECT_TRUE(worker.Finish().ok());
  }
  ASSERT_TRUE(listener_.WaitForDetached(kWorkerId));
  channel->Send(ControlMessage());
}

}  // namespace
}  // namespace mqttpush
