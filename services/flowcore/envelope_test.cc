#include "services/flowcore/envelope.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kGood[] = R"({"eventId":"e","flowType":"f.0","payload":{}})";

// The one envelope of `body`.
Envelope Parse(absl::string_view body) {
  const auto envelopes = ParseEnvelopes(body);
  EXPECT_TRUE(envelopes.ok()) << envelopes.status();
  if (!envelopes.ok() || envelopes->size() != 1) return {};
  return envelopes->front();
}

// "field: description" of each.
std::vector<std::string> ViolationsOf(const Envelope& envelope) {
  std::vector<std::string> texts;
  for (const FieldViolation& violation : envelope.violations) {
    texts.push_back(absl::StrCat(violation.field, ": ", violation.description));
  }
  return texts;
}

TEST(EnvelopeTest, ReadsTheCurrentOne) {
  const Envelope envelope =
      Parse(R"({"eventId":"b727c001-e64a-11f1-957c-29d9342adb6e",)"
            R"("timeBucket":"20261122080000","tenant":"globe-tracker-aps",)"
            R"("dataCoreId":"0d0f6c1e-5a1b-4f6e-9d52-0c6a3f1f2b11",)"
            R"("flowType":"location.0","eventType":"created.0",)"
            R"("metadata":{"producer":"object-sync"},"payload":{"id": 12345},)"
            R"("validTime":"2026-11-22T08:00:00.000Z"})");
  EXPECT_THAT(ViolationsOf(envelope), IsEmpty());
  EXPECT_EQ(envelope.event_id, "b727c001-e64a-11f1-957c-29d9342adb6e");
  EXPECT_EQ(envelope.flow_type, "location.0");
  EXPECT_EQ(envelope.flow_type_field, "flowType");
  EXPECT_EQ(envelope.payload, R"({"id": 12345})");
}

TEST(EnvelopeTest, ReadsTheLegacyOneWhichWins) {
  const Envelope legacy =
      Parse(R"({"aggregator":"asset.0","dataCore":"0d0f","eventId":"e",)"
            R"("eventType":"created.0","payload":{}})");
  EXPECT_THAT(ViolationsOf(legacy), IsEmpty());
  EXPECT_EQ(legacy.flow_type, "asset.0");
  EXPECT_EQ(legacy.flow_type_field, "aggregator");
  const Envelope both = Parse(
      R"({"flowType":"x","eventId":"e","aggregator":"asset.0","payload":{}})");
  EXPECT_EQ(both.flow_type, "asset.0");
}

TEST(EnvelopeTest, KeepsTheBytesOfThePayload) {
  const std::string payload =
      "{ \"id\" : 9223372036854775807,\n\t\"v\":2.50, \"w\":1E+2,"
      "\"t\":\"\\u00e9\xC3\xA9 }]\\\"\", \"n\":[{}, []] }";
  const std::string body = absl::StrCat(R"({"payload" : )", payload,
                                        R"( ,"eventId":"e","flowType":"f.0"})");
  const Envelope envelope = Parse(body);
  EXPECT_THAT(ViolationsOf(envelope), IsEmpty());
  EXPECT_EQ(envelope.payload, payload);
}

TEST(EnvelopeTest, ReadsArrays) {
  const auto envelopes = ParseEnvelopes(
      absl::StrCat("\n[ ", kGood, " , ", kGood, ",", kGood, "\t]\r\n"));
  ASSERT_TRUE(envelopes.ok()) << envelopes.status();
  EXPECT_THAT(*envelopes, SizeIs(3));
}

TEST(EnvelopeTest, UnderstandsEscapedTexts) {
  const Envelope envelope =
      Parse(R"({"event\u0049d":"a\u0062c","flowType":"f\/g","payload":{}})");
  EXPECT_EQ(envelope.event_id, "abc");
  EXPECT_EQ(envelope.flow_type, "f/g");
}

TEST(EnvelopeTest, NamesEveryFieldThatIsWrong) {
  struct Case {
    std::string body;
    std::vector<std::string> violations;
  };
  const Case kCases[] = {
      {"{}", {"eventId: required", "flowType: required", "payload: required"}},
      {R"({"eventId":7,"flowType":null,"payload":{}})",
       {"eventId: must be a string", "flowType: must be a string"}},
      {R"({"eventId":"","aggregator":"","flowType":"f","payload":{}})",
       {"eventId: must not be empty", "aggregator: must not be empty"}},
      {R"({"eventId":"e","eventId":"e","flowType":"f","payload":{},)"
       R"("payload":{}})",
       {"eventId: duplicate key", "payload: duplicate key"}},
      {R"({"eventId":"e","flowType":"f","payload":{},"metadata":{x}})",
       {"metadata: must be well-formed JSON"}},
      {R"({"eventId":"\ud800","flowType":"f","payload":{}})",
       {"eventId: must be a string"}},
      {"7", {": must be a JSON object"}},
      {R"("text")", {": must be a JSON object"}},
      {R"({"eventId":"e" "flowType":"f"})", {": must be well-formed JSON"}},
      {R"({"eventId" "e"})", {": must be well-formed JSON"}},
      {R"({"eventId":})", {": must be well-formed JSON"}},
      {R"({eventId:"e"})", {": must be well-formed JSON"}},
      {R"({"eventId":"e",})", {": must be well-formed JSON"}},
      {R"({"eventId":"e"])", {": must be well-formed JSON"}},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(ViolationsOf(Parse(c.body)), c.violations) << c.body;
  }
}

TEST(EnvelopeTest, AMalformedEventDoesNotTroubleItsNeighbours) {
  const std::string body = absl::StrCat(
      "[", kGood, R"(,{"eventId":1e},{"eventId":[}},)", kGood, "]");
  const auto envelopes = ParseEnvelopes(body);
  ASSERT_TRUE(envelopes.ok()) << envelopes.status();
  ASSERT_THAT(*envelopes, SizeIs(4));
  EXPECT_THAT((*envelopes)[0].violations, IsEmpty());
  EXPECT_THAT((*envelopes)[1].violations, ::testing::Not(IsEmpty()));
  EXPECT_THAT((*envelopes)[2].violations, ::testing::Not(IsEmpty()));
  EXPECT_THAT((*envelopes)[3].violations, IsEmpty());
}

TEST(EnvelopeTest, SaysWhenThereAreNoEventsToTellApart) {
  struct Case {
    std::string body;
    std::string message;
  };
  const std::vector<std::string> too_many(limits::kMaxEventsPerBatch + 1,
                                          kGood);
  const Case kCases[] = {
      {"", "it is not from byte 0 on"},
      {" \n", "it is not from byte 2 on"},
      {"{", "it is not from byte 0 on"},
      {"[{},", "it is not from byte 4 on"},
      {"[{}", "it is not from byte 3 on"},
      {"[{} {}]", "it is not from byte 4 on"},
      {"{} x", "it is not from byte 3 on"},
      {"[]", "must have 1 to 1000 events"},
      {absl::StrCat("[", absl::StrJoin(too_many, ","), "]"),
       "must have 1 to 1000 events"},
  };
  for (const Case& c : kCases) {
    const auto envelopes = ParseEnvelopes(c.body);
    ASSERT_EQ(envelopes.status().code(), absl::StatusCode::kInvalidArgument)
        << c.body;
    EXPECT_THAT(std::string(envelopes.status().message()), HasSubstr(c.message))
        << c.body;
  }
}

TEST(EnvelopeTest, NoPartOfAnEventIsTakenForOne) {
  const std::string body =
      R"( {"eventId":"e\"","metadata":{"a":[1,{"b":null}]},)"
      R"("flowType":"f.0","payload":{"id":-1.5e3,"tags":["]"]}})";
  EXPECT_THAT(ViolationsOf(Parse(body)), IsEmpty());
  for (size_t size = 0; size < body.size(); ++size) {
    const auto envelopes = ParseEnvelopes(body.substr(0, size));
    EXPECT_TRUE(!envelopes.ok() || !envelopes->front().violations.empty())
        << body.substr(0, size);
  }
}

TEST(EnvelopeTest, DepthDoesNotHarm) {
  const std::string deep =
      absl::StrCat(std::string(1 << 20, '['), std::string(1 << 20, ']'));
  const std::string body = absl::StrCat(
      R"({"eventId":"e","flowType":"f","payload":{},"metadata":)", deep, "}");
  EXPECT_THAT(ViolationsOf(Parse(body)), IsEmpty());
}

}  // namespace
}  // namespace mqttpush
