// What the API's own comments say about the fields of its resources: their
// meaning, and who sets them. The comments are compiled into the program, so
// that a new field needs no word here.
#ifndef MQTTPUSH_CLI_FIELD_DOCS_H_
#define MQTTPUSH_CLI_FIELD_DOCS_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace mqttpush::cli {

// The comment over a field of mqttpush/v1/resources.proto, on one line.
std::string DocOf(const google::protobuf::FieldDescriptor& field);

// "Output only.": the service sets it, and ignores what callers say. Also the
// name, which calls give by other fields.
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);
// "Input only: never returned": a password or a key.
bool IsSecret(const google::protobuf::FieldDescriptor& field);

// The fields of a resource that can be set, with their types and meanings, for
// help.
std::string FieldHelp(const google::protobuf::Descriptor& type);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_FIELD_DOCS_H_
