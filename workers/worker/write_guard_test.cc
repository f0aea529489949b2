#include "workers/worker/write_guard.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using Before = WriteGuard::Before;
using After = WriteGuard::After;

// A PUBLISH as Paho writes it: header, topic length, topic, packet id, payload.
class Packet {
 public:
  Packet(int qos, int id, bool duplicate = false, size_t payload_bytes = 5) {
    const std::string topic = "a/b";
    std::string header(1, static_cast<char>(0x30 | qos << 1 | duplicate << 3));
    size_t rest = 2 + topic.size() + (qos > 0 ? 2 : 0) + payload_bytes;
    for (; rest >= 128; rest /= 128)
      header += static_cast<char>(rest % 128 + 128);
    header += static_cast<char>(rest);
    Add(header);
    Add(std::string("\0\3", 2));
    Add(topic);
    if (qos > 0) {
      Add(std::string{static_cast<char>(id >> 8), static_cast<char>(id)});
    }
    Add(std::string(payload_bytes, 'p'));
    for (std::string& part : parts_) {
      iov_.push_back({part.data(), part.size()});
      bytes_ += part.size();
    }
  }
  const iovec* data() const { return iov_.data(); }
  int count() const { return static_cast<int>(iov_.size()); }
  ssize_t bytes() const { return static_cast<ssize_t>(bytes_); }

 private:
  void Add(std::string part) { parts_.push_back(std::move(part)); }
  std::vector<std::string> parts_;
  std::vector<iovec> iov_;
  size_t bytes_ = 0;
};

Before Write(WriteGuard& guard, const Packet& packet) {
  Before before = guard.BeforeWrite(packet.data(), packet.count());
  if (before == Before::kWrite) {
    guard.AfterWrite(packet.data(), packet.count(), packet.bytes(), false);
  }
  return before;
}

void WriteConnect(WriteGuard& guard) {
  char connect[] = "\x10\x0c";
  iovec part{connect, 2};
  guard.BeforeWrite(&part, 1);
  guard.AfterWrite(&part, 1, 2, false);
}

TEST(WriteGuardTest, SwallowsARepeatOnTheSameConnection) {
  for (size_t payload_bytes : {5, 300, 20000}) {
    WriteGuard guard;
    WriteConnect(guard);
    EXPECT_EQ(Write(guard, Packet(1, 258, false, payload_bytes)),
              Before::kWrite);
    EXPECT_EQ(Write(guard, Packet(1, 258, true, payload_bytes)),
              Before::kSwallow);
    EXPECT_EQ(Write(guard, Packet(1, 2, true, payload_bytes)), Before::kWrite);
  }
}

TEST(WriteGuardTest, LetsARepeatThroughAfterAReconnect) {
  WriteGuard guard;
  WriteConnect(guard);
  Write(guard, Packet(2, 7));
  WriteConnect(guard);
  EXPECT_EQ(Write(guard, Packet(2, 7, true)), Before::kWrite);
}

TEST(WriteGuardTest, LetsAReusedIdThrough) {
  WriteGuard guard;
  EXPECT_EQ(Write(guard, Packet(1, 9)), Before::kWrite);
  EXPECT_EQ(Write(guard, Packet(1, 9)), Before::kWrite);
}

TEST(WriteGuardTest, KillsTheConnectionOnlyForAHardErrorOfAGuardedPublish) {
  struct Case {
    int qos;
    bool retry;
    After after;
  };
  for (const Case& c :
       {Case{0, false, After::kReport}, Case{1, false, After::kKillConnection},
        Case{2, false, After::kKillConnection},
        Case{1, true, After::kReport}}) {
    WriteGuard guard;
    Packet packet(c.qos, 3);
    ASSERT_EQ(guard.BeforeWrite(packet.data(), packet.count()), Before::kWrite);
    EXPECT_EQ(guard.AfterWrite(packet.data(), packet.count(), -1, c.retry),
              c.after)
        << c.qos << c.retry;
  }
}

TEST(WriteGuardTest, KillsTheConnectionForAHardErrorOfPubrel) {
  char pubrel[] = {0x62, 2, 0, 1};
  iovec part{pubrel, sizeof pubrel};
  WriteGuard guard;
  for (bool retry : {true, false}) {
    ASSERT_EQ(guard.BeforeWrite(&part, 1), Before::kWrite);
    EXPECT_EQ(guard.AfterWrite(&part, 1, -1, retry),
              retry ? After::kReport : After::kKillConnection);
    if (retry) guard.AfterWrite(&part, 1, sizeof pubrel, false);
  }
}

TEST(WriteGuardTest, PassesTheRestOfAPartialWriteWithoutLookingAtIt) {
  WriteGuard guard;
  Packet packet(1, 4);
  guard.BeforeWrite(packet.data(), packet.count());
  guard.AfterWrite(packet.data(), packet.count(), packet.bytes() - 5, false);
  // The rest looks like a repeat of packet 4 but is not one.
  char rest[] = {0x3a, 6, 0, 0, 0};
  iovec part{rest, sizeof rest};
  EXPECT_EQ(guard.BeforeWrite(&part, 1), Before::kWrite);
  EXPECT_EQ(guard.AfterWrite(&part, 1, -1, true), After::kReport);
  EXPECT_EQ(guard.AfterWrite(&part, 1, sizeof rest, false), After::kReport);
  EXPECT_EQ(Write(guard, Packet(1, 4, true)), Before::kSwallow);
}

TEST(WriteGuardTest, BearsGarbage) {
  WriteGuard guard;
  char garbage[] = {0x32, '\xff', '\xff', '\xff', '\xff', '\xff'};
  for (size_t bytes = 0; bytes <= sizeof garbage; ++bytes) {
    iovec part{garbage, bytes};
    EXPECT_EQ(guard.BeforeWrite(&part, 1), Before::kWrite);
  }
}

}  // namespace
}  // namespace mqttpush
