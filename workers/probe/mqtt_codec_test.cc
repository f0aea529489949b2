#include "workers/probe/mqtt_codec.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::mqtt {
namespace {

using ::testing::HasSubstr;

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}
std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(EncodeTest, Connect) {
  const Connect plain{.level = 4, .client_id = "c", .keep_alive = 60};
  EXPECT_EQ(Hex(Encode(plain)), "100d00044d5154540402003c000163");
  const Connect login{.level = 5,
                      .client_id = "c",
                      .username = "u",
                      .password = "pw",
                      .keep_alive = 5,
                      .session_expiry = 3600};
  EXPECT_EQ(Hex(Encode(login)),
            "101a00044d51545405c2000505"
            "1100000e10"
            "000163"
            "000175"
            "00027077");
}

TEST(EncodeTest, Publish) {
  EXPECT_EQ(Hex(EncodePublish(4, "t", 0, 0, "x")),
            "3004000174"
            "78");
  EXPECT_EQ(Hex(EncodePublish(4, "t", 1, 7, "x")),
            "3206000174"
            "0007"
            "78");
  EXPECT_EQ(Hex(EncodePublish(5, "t", 2, 7, "x")),
            "3407000174"
            "0007"
            "00"
            "78");
  // A length of two bytes.
  EXPECT_EQ(
      Hex(EncodePublish(4, "t", 0, 0, std::string(200, 'x'))).substr(0, 12),
      "30cb01000174");
}

TEST(EncodeTest, TheRest) {
  EXPECT_EQ(Hex(EncodePubrel(258)), "62020102");
  EXPECT_EQ(Hex(EncodePingreq()), "c000");
  EXPECT_EQ(Hex(EncodeDisconnect(4)), "e000");
  EXPECT_EQ(Hex(EncodeDisconnect(5)),
            "e007"
            "00"
            "05"
            "1100000000");
}

TEST(ConnackTest, OfMqtt311TellsNothing) {
  const auto connack = ParseConnack(Bytes("0005"), 4);
  ASSERT_TRUE(connack.ok());
  EXPECT_EQ(connack->code, 5);
  EXPECT_FALSE(connack->limits.told());
  // The answer of a broker that does not know MQTT 5.
  EXPECT_EQ(ParseConnack(Bytes("0001"), 5)->code, 1);
}

TEST(ConnackTest, OfMqtt5TellsItsLimits) {
  const std::string properties =
      "11"
      "0000003c"
      "21"
      "0014"
      "22"
      "000a"
      "24"
      "01"
      "25"
      "00"
      "27"
      "00000400"
      "13"
      "001e"
      "12"
      "00026162"
      "1f"
      "00026e6f"
      "26"
      "00016b"
      "000176";
  const auto connack = ParseConnack(
      Bytes(absl::StrCat("0000",
                         absl::BytesToHexString(std::string(
                             1, static_cast<char>(properties.size() / 2))),
                         properties)),
      5);
  ASSERT_TRUE(connack.ok()) << connack.status();
  const worker::v1::BrokerLimits& limits = connack->limits;
  EXPECT_TRUE(limits.told());
  EXPECT_EQ(limits.session_expiry(), 60);
  EXPECT_EQ(limits.receive_maximum(), 20);
  EXPECT_EQ(limits.topic_alias_maximum(), 10);
  EXPECT_EQ(limits.maximum_qos(), 1);
  EXPECT_FALSE(limits.retain_available());
  EXPECT_EQ(limits.maximum_packet_size(), 1024);
  EXPECT_EQ(limits.server_keep_alive(), 30);
  EXPECT_EQ(limits.assigned_client_id(), "ab");
  EXPECT_EQ(connack->reason_string, "no");
}

TEST(ConnackTest, WithoutPropertiesThereAreNoLimits) {
  const auto connack = ParseConnack(Bytes("000000"), 5);
  ASSERT_TRUE(connack.ok());
  EXPECT_EQ(connack->limits.maximum_qos(), 2);
  EXPECT_EQ(connack->limits.receive_maximum(), 65535);
  EXPECT_EQ(connack->limits.maximum_packet_size(), 0);
  EXPECT_EQ(connack->limits.server_keep_alive(), -1);
}

TEST(ConnackTest, WhatIsMalformedIsNoAnswer) {
  // Empty; properties that are cut, of no known kind, or longer than they say.
  for (const char* body : {"", "00", "000005", "0000027f00", "00000221ff",
                           "0000041f00ff61", "0000ffffffff7f"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseConnack(Bytes(body), 5).status()))
        << body;
  }
}

// Whatever a stranger sends is a packet, or an error.
TEST(ConnackTest, EveryChangeOfAByteIsSurvived) {
  const std::string good = Bytes(
      "00000e"
      "1100000e10"
      "210014"
      "1f00036e6f70");
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string body = good;
      body[at] = static_cast<char>(byte);
      (void)ParseConnack(body, 5);
      (void)ParseConnack(body.substr(0, at), 5);
      (void)ParseAnswer(Type::kPuback, body, 5);
      PacketReader reader;
      reader.Feed(body);
      for (auto packet = reader.Next(); packet.ok() && packet->has_value();) {
        packet = reader.Next();
      }
    }
  }
}

TEST(AnswerTest, Table) {
  struct Row {
    Type type;
    const char* body;
    int level;
    int packet_id;
    int code;
    const char* reason_string;
  };
  const Row kTable[] = {
      {Type::kPuback, "0007", 4, 7, 0, ""},
      {Type::kPuback, "0007", 5, 7, 0, ""},
      {Type::kPuback, "000787", 5, 7, 0x87, ""},
      {Type::kPubrec, "000787051f00026e6f", 5, 7, 0x87, "no"},
      {Type::kDisconnect, "", 5, 0, 0, ""},
      {Type::kDisconnect, "9b", 5, 0, 0x9B, ""},
  };
  for (const Row& row : kTable) {
    const auto answer = ParseAnswer(row.type, Bytes(row.body), row.level);
    ASSERT_TRUE(answer.ok()) << row.body;
    EXPECT_EQ(answer->packet_id, row.packet_id) << row.body;
    EXPECT_EQ(answer->code, row.code) << row.body;
    EXPECT_EQ(answer->reason_string, row.reason_string) << row.body;
  }
  EXPECT_TRUE(absl::IsDataLoss(ParseAnswer(Type::kPuback, "a", 4).status()));
  EXPECT_TRUE(absl::IsDataLoss(
      ParseAnswer(Type::kPuback, Bytes("00078703"), 5).status()));
}

TEST(PacketReaderTest, FindsPacketsInPieces) {
  const std::string stream = Bytes(
      "20020000"
      "d000"
      "40020007");
  PacketReader reader;
  std::string types;
  for (const char byte : stream) {
    reader.Feed({&byte, 1});
    auto packet = reader.Next();
    ASSERT_TRUE(packet.ok());
    if (packet->has_value()) {
      absl::StrAppend(&types, static_cast<int>((*packet)->type), ":",
                      Hex((*packet)->body), " ");
    }
  }
  EXPECT_EQ(types, "2:0000 13: 4:0007 ");
}

TEST(PacketReaderTest, RefusesWhatNoProbeIsSent) {
  PacketReader endless;
  endless.Feed(Bytes("20ffffff7f"));
  EXPECT_THAT(endless.Next().status().message(), HasSubstr("268435455 bytes"));
  PacketReader broken;
  broken.Feed(Bytes("20ffffffff"));
  EXPECT_TRUE(absl::IsDataLoss(broken.Next().status()));
}

}  // namespace
}  // namespace mqttpush::mqtt
