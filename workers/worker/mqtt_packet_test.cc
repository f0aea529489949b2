#include "workers/worker/mqtt_packet.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using namespace std::string_literals;  // "\0"s has its NUL

// The head of a packet that lies in pieces of `piece` bytes.
PacketHead Read(std::string packet, size_t piece) {
  std::vector<iovec> parts;
  for (size_t i = 0; i < packet.size(); i += piece) {
    parts.push_back({&packet[i], std::min(piece, packet.size() - i)});
  }
  return ReadPacketHead(parts.data(), static_cast<int>(parts.size()));
}

void ExpectHead(const std::string& packet, PacketType type, int qos,
                bool duplicate, int packet_id) {
  for (size_t piece : {1, 3, 1000}) {
    const PacketHead head = Read(packet, piece);
    EXPECT_EQ(head.type, type);
    EXPECT_EQ(head.qos, qos);
    EXPECT_EQ(head.duplicate, duplicate);
    EXPECT_EQ(head.packet_id, packet_id);
  }
}

TEST(ReadPacketHeadTest, ReadsWhatPahoWrites) {
  constexpr PacketType kPublish = PacketType::kPublish;
  ExpectHead("\x10\x00"s, PacketType::kConnect, 0, false, -1);
  ExpectHead("\x30\x04\0\1tx"s, kPublish, 0, false, -1);
  ExpectHead("\x32\x06\0\1t\1\2x"s, kPublish, 1, false, 258);
  ExpectHead("\x3c\x06\0\1t\0\7x"s, kPublish, 2, true, 7);
  std::string large = "\x34\xCD\x01\0\1t\0\x09"s;
  large.append(200, 'x');
  ExpectHead(large, kPublish, 2, false, 9);
  ExpectHead("\x62\x02\0\x05"s, PacketType::kPubrel, 0, false, 5);
  ExpectHead("\x32\x06\0\1"s, kPublish, 1, false, -1);
  ExpectHead("", PacketType{}, 0, false, -1);
}

std::vector<AckPacket> FeedInPieces(const std::string& bytes, size_t piece) {
  AckReader reader;
  std::vector<AckPacket> all;
  for (size_t i = 0; i < bytes.size(); i += piece) {
    for (AckPacket& ack :
         reader.Feed(&bytes[i], std::min(piece, bytes.size() - i))) {
      all.push_back(std::move(ack));
    }
  }
  return all;
}

TEST(AckReaderTest, FindsTheAnswersHoweverTheyCome) {
  std::string stream;
  stream += "\x20\x02\0\0"s;        // CONNACK
  stream += "\x40\x02\0\x01"s;      // PUBACK 1
  stream += "\x50\x03\0\x02\x10"s;  // PUBREC 2, 0x10
  stream += "\xd0\0"s;              // PINGRESP
  stream += "\x30\x90\x01"s;        // PUBLISH
  stream.append(144, 'p');
  // PUBACK 3, 0x87, with a user property and then a reason string.
  stream += "\x40\x13\0\x03\x87\x0f\x26\0\1k\0\2vv\x1f\0\4nope"s;
  stream += "\x70\x04\0\x02\x92\0"s;  // PUBCOMP 2, 0x92
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    const std::vector<AckPacket> acks = FeedInPieces(stream, piece);
    ASSERT_EQ(acks.size(), 4u) << piece;
    EXPECT_EQ(acks[0].type, PacketType::kPuback);
    EXPECT_EQ(acks[0].packet_id, 1);
    EXPECT_EQ(acks[0].reason_code, 0);
    EXPECT_EQ(acks[1].type, PacketType::kPubrec);
    EXPECT_EQ(acks[1].reason_code, 0x10);
    EXPECT_EQ(acks[2].reason_code, 0x87);
    EXPECT_EQ(acks[2].reason_string, "nope");
    EXPECT_EQ(acks[3].type, PacketType::kPubcomp);
    EXPECT_EQ(acks[3].packet_id, 2);
    EXPECT_EQ(acks[3].reason_code, 0x92);
  }
}

TEST(AckReaderTest, WhatNoBrokerMaySendEndsTheStream) {
  for (const std::string& packet :
       {"\x00\x02\0\x01"s, "\x41\x02\0\x01"s, "\x10\x02\0\0"s, "\x36\x02\0\0"s,
        "\x60\x02\0\x01"s, "\xc0\0"s}) {
    AckReader reader;
    const std::string good = "\x40\x02\0\x09"s;
    const std::string stream = good + packet + good;
    EXPECT_EQ(reader.Feed(stream.data(), stream.size()).size(), 1u);
    EXPECT_TRUE(reader.malformed());
  }
}

TEST(AckReaderTest, GarbageDoesNotHurt) {
  // Properties that are cut short, of unknown kind, or of absurd length.
  for (const std::string& body :
       {"\0\1\x87\x03\x1f\xff\xff"s, "\0\1\x87\x02\x77\0"s, "\0"s,
        "\0\1\x87\xff\xff\xff\xff\xff"s}) {
    const std::string packet = "\x40"s + static_cast<char>(body.size()) + body;
    AckReader reader;
    for (const AckPacket& ack : reader.Feed(packet.data(), packet.size())) {
      EXPECT_EQ(ack.reason_string, "");
    }
    const std::string next("\x40\x02\0\x09", 4);
    ASSERT_EQ(reader.Feed(next.data(), next.size()).size(), 1u);
  }
}

}  // namespace
}  // namespace mqttpush
