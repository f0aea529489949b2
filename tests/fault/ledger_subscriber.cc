#include "tests/fault/ledger_subscriber.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/accounts.h"
#include "tests/support/wait_until.h"

namespace mqttpush::fault {
namespace {

constexpr absl::string_view kMarkerTopic = "ledger/marker";
constexpr absl::Duration kReconnectDelay = absl::Milliseconds(20);
constexpr int kPollMilliseconds = 50;
constexpr absl::Duration kPingInterval = absl::Seconds(10);

}  // namespace

LedgerSubscriber::LedgerSubscriber(
    int port, std::function<void(const Publish&)> on_message)
    : port_(port),
      on_message_(std::move(on_message)),
      thread_([this] { Run(); }) {}

LedgerSubscriber::~LedgerSubscriber() {
  stopping_ = true;
  thread_.join();
}

bool LedgerSubscriber::Barrier(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(&mutex_);
  const int64_t marker = ++marker_sent_;
  SendMarker();
  while (marker_received_ < marker) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

void LedgerSubscriber::Run() {
  while (!stopping_) {
    if (Open()) Serve();
    WaitUntil(kReconnectDelay, [this] { return stopping_.load(); });
  }
}

bool LedgerSubscriber::Open() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port_));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return false;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  MutexLock lock(&mutex_);
  fd_ = fd;
  return true;
}

void LedgerSubscriber::Serve() {
  splitter_ = PacketSplitter();
  Send(ConnectPacket("ledger", /*clean_session=*/false, kLedgerUser,
                     kLedgerPassword));
  absl::Time last_ping = absl::Now();
  while (!stopping_ && ReadPackets()) {
    if (absl::Now() - last_ping < kPingInterval) continue;
    last_ping = absl::Now();
    Send(PingPacket());
  }
  MutexLock lock(&mutex_);
  close(std::exchange(fd_, -1));
  ready_ = false;
}

bool LedgerSubscriber::ReadPackets() {
  int fd = -1;
  {
    MutexLock lock(&mutex_);
    fd = fd_;
  }
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, kPollMilliseconds) <= 0) return true;
  char bytes[64 * 1024];
  const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  for (const std::string& packet :
       splitter_.Add({bytes, static_cast<size_t>(got)})) {
    Handle(packet);
  }
  return true;
}

void LedgerSubscriber::Handle(absl::string_view packet) {
  switch (TypeOf(packet)) {
    case kConnack:
      if (packet.size() < 4 || packet[3] != 0) return;
      if ((packet[2] & 1) != 0) return OnReady();
      // The broker knows nothing of what was open.
      last_.clear();
      return Send(SubscribePacket(1, "#", 2));
    case kSuback:
      return OnReady();
    case kPublish:
      return HandlePublish(ParsePublish(packet));
    case kPubrec:
      return Send(AcknowledgementPacket(kPubrel, PacketIdOf(packet)));
    case kPubrel:
      last_.erase(PacketIdOf(packet));
      return Send(AcknowledgementPacket(kPubcomp, PacketIdOf(packet)));
    default:
      return;
  }
}

void LedgerSubscriber::HandlePublish(const Publish& publish) {
  if (!IsRepeated(publish) && !publish.retain) HandOver(publish);
  if (publish.qos == 0) return;
  Send(AcknowledgementPacket(publish.qos == 1 ? kPuback : kPubrec,
                             publish.packet_id));
}

bool LedgerSubscriber::IsRepeated(const Publish& publish) {
  if (publish.qos == 0) return false;
  Publish& last = last_[publish.packet_id];
  if (publish.duplicate && last.qos == publish.qos &&
      last.topic == publish.topic && last.payload == publish.payload) {
    return true;
  }
  last = publish;
  return false;
}

void LedgerSubscriber::HandOver(const Publish& publish) {
  if (publish.topic != kMarkerTopic) return on_message_(publish);
  int64_t marker = 0;
  if (!absl::SimpleAtoi(publish.payload, &marker)) return;
  MutexLock lock(&mutex_);
  marker_received_ = std::max(marker_received_, marker);
  changed_.SignalAll();
}

void LedgerSubscriber::OnReady() {
  MutexLock lock(&mutex_);
  ready_ = true;
  if (marker_received_ < marker_sent_) SendMarker();
}

void LedgerSubscriber::SendMarker() {
  if (!ready_) return;
  const std::string packet =
      PublishPacket({.topic = std::string(kMarkerTopic),
                     .payload = absl::StrCat(marker_sent_),
                     .qos = 1,
                     .packet_id = 1});
  (void)send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL);
}

void LedgerSubscriber::Send(const std::string& packet) {
  MutexLock lock(&mutex_);
  if (fd_ >= 0) (void)send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL);
}

}  // namespace mqttpush::fault
