#include "tests/fault/proxy_pipe.h"

#include <gtest/gtest.h>

namespace mqttpush::fault {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000);

// All that leaves within `span`, with the time it took.
std::string Drain(ProxyPipe& pipe, const PathFaults& faults, absl::Time& now,
                  absl::Duration span = absl::Hours(1)) {
  std::string out;
  const absl::Time end = now + span;
  while (pipe.NextTime() <= end) {
    now = std::max(now, pipe.NextTime());
    const std::string ready(pipe.Ready(faults, now));
    out += ready;
    pipe.Wrote(ready.size(), faults, now);
  }
  return out;
}

const std::string kAck = AcknowledgementPacket(kPuback, 1);
const std::string kRelease = AcknowledgementPacket(kPubrel, 1);

TEST(ProxyPipe, PassesBytesAtOnce) {
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.Take(kAck + kRelease, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now), kAck + kRelease);
  EXPECT_EQ(now, kStart);
  EXPECT_TRUE(pipe.empty());
}

TEST(ProxyPipe, DropsAcknowledgementsOnly) {
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.Take(kAck + kRelease, {.swallow_acknowledgements = true}, now);
  EXPECT_EQ(Drain(pipe, {}, now), kRelease);
  EXPECT_EQ(pipe.counts().acknowledgements, 1);
  EXPECT_FALSE(pipe.lossy());
}

TEST(ProxyPipe, SwallowsForEver) {
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.Take(kAck, {.swallow = true}, now);
  pipe.Take(kRelease, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now), "");
  EXPECT_TRUE(pipe.lossy());
  EXPECT_EQ(pipe.counts().swallowed, 8);
}

TEST(ProxyPipe, DelaysAndKeepsTheOrder) {
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.Take(kAck, {.delay = absl::Seconds(2)}, now);
  pipe.Take(kRelease, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now, absl::Seconds(1)), "");
  EXPECT_EQ(Drain(pipe, {}, now), kAck + kRelease);
  EXPECT_EQ(now, kStart + absl::Seconds(2));
}

TEST(ProxyPipe, Throttles) {
  ProxyPipe pipe;
  const PathFaults faults{.bytes_per_second = 1'000};
  absl::Time now = kStart;
  const std::string publish =
      PublishPacket({.topic = "t", .payload = std::string(1'995, 'x')});
  ASSERT_EQ(publish.size(), 2'001u);
  pipe.Take(publish, faults, now);
  EXPECT_EQ(Drain(pipe, faults, now), publish);
  EXPECT_NEAR(absl::ToDoubleSeconds(now - kStart), 2.0, 0.1);
}

TEST(ProxyPipe, CorruptsOnePacket) {
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.CorruptNext();
  pipe.Take(kAck + kAck, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now), std::string(1, '\0') + kAck.substr(1) + kAck);
  EXPECT_EQ(pipe.counts().corrupted, 1);
}

TEST(ProxyPipe, LosesAYesAndWhatComesAfterIt) {
  const std::string no("\x20\x02\x00\x05", 4);
  const std::string yes("\x20\x02\x01\x00", 4);
  ProxyPipe pipe;
  absl::Time now = kStart;
  pipe.LoseAnswer();
  pipe.Take(no, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now), no);
  EXPECT_FALSE(pipe.answer_lost());
  pipe.Take(yes + kAck, {}, now);
  EXPECT_EQ(Drain(pipe, {}, now), "");
  EXPECT_TRUE(pipe.answer_lost());
}

TEST(ProxyPipe, HoldsTheSenderBack) {
  ProxyPipe pipe;
  pipe.Take(PublishPacket({.topic = "t", .payload = std::string(70'000, 'x')}),
            {}, kStart);
  EXPECT_TRUE(pipe.full());
}

}  // namespace
}  // namespace mqttpush::fault
