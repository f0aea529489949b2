// DiffMessages: what differs between two states of a resource.
#ifndef MQTTPUSH_CLI_MESSAGE_DIFF_H_
#define MQTTPUSH_CLI_MESSAGE_DIFF_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace mqttpush::cli {

struct FieldChange {
  std::string field;   // "tls.enabled"
  std::string before;  // "(default)" when not set; empty of a secret
  std::string after;   // of a secret: "set", "changed" or "unchanged"
  bool operator==(const FieldChange&) const = default;
};

// The fields that callers can set and that differ; not secrets, which nobody
// can compare here. Long texts are told by their size.
std::vector<FieldChange> DiffMessages(const google::protobuf::Message& before,
                                      const google::protobuf::Message& after);

// The secrets that are set in `message`, as "username_password.password".
std::vector<std::string> SecretsIn(const google::protobuf::Message& message);

// Copies the text field `path` from one to the other, of the same type.
void CopyField(const google::protobuf::Message& from, const std::string& path,
               google::protobuf::Message* to);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_MESSAGE_DIFF_H_
