#include "cli/proto_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/times.h"
#include "google/protobuf/util/time_util.h"

namespace mqttpush::cli {

using google::protobuf::util::TimeUtil;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  return TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(duration));
}

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return FormatRelative(ToTime(time), now);
}

std::string QosNumber(v1::Qos qos) {
  return qos == v1::QOS_UNSPECIFIED ? "" : absl::StrCat(qos - 1);
}

std::string ObjectTypeWord(v1::ObjectType type) {
  if (type == v1::OBJECT_TYPE_UNSPECIFIED) return "";
  std::string word;
  for (absl::string_view part :
       absl::StrSplit(v1::ObjectType_Name(type), '_')) {
    absl::StrAppend(&word, part.substr(0, 1),
                    absl::AsciiStrToLower(part.substr(1)));
  }
  return word;
}

std::string BrokerUrl(const v1::Broker& broker) {
  const bool is_ipv6 = absl::StrContains(broker.host(), ':');
  return absl::StrCat(broker.tls().enabled() ? "mqtts://" : "mqtt://",
                      is_ipv6 ? "[" : "", broker.host(), is_ipv6 ? "]" : "",
                      ":", broker.port());
}

std::string Count(int64_t count) {
  return count == 0 ? "" : absl::StrCat(count);
}

}  // namespace mqttpush::cli
