// Values of the API as cells of tables.
#ifndef MQTTPUSH_CLI_PROTO_TEXT_H_
#define MQTTPUSH_CLI_PROTO_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush::cli {

absl::Time ToTime(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Duration ToDuration(const google::protobuf::Duration& duration);
google::protobuf::Duration ToProto(absl::Duration duration);

// "5 min ago"; empty for a message without the field, whose time is 0.
std::string Ago(const google::protobuf::Timestamp& time, absl::Time now);
// "0", "1", "2"; empty when not given.
std::string QosNumber(v1::Qos qos);
// "SensorData": the name of an object as customers know it.
std::string ObjectTypeWord(v1::ObjectType type);
// "mqtts://broker.example.com:8883".
std::string BrokerUrl(const v1::Broker& broker);
// 0 as an empty cell.
std::string Count(int64_t count);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_PROTO_TEXT_H_
