// MergeByMask: the update of a resource by the rules of AIP-134.
#ifndef MQTTPUSH_SERVICES_ADMIN_UPDATE_MASK_H_
#define MQTTPUSH_SERVICES_ADMIN_UPDATE_MASK_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"
#include "services/api/violations.h"

namespace mqttpush {

// Copies from `source` to `target`, of the same type, the fields that `mask`
// names: messages, lists and maps as a whole, unset ones by clearing them. `*`
// names all fields. An empty mask names the fields that are set in `source`,
// those within messages one by one. Adds a violation on `update_mask` for each
// unknown path. Output only fields are copied like others: the converters
// ignore them.
void MergeByMask(const google::protobuf::Message& source,
                 const google::protobuf::FieldMask& mask,
                 google::protobuf::Message* target, Violations* violations);

// Whether `mask` names exactly `path`.
bool MaskNames(const google::protobuf::FieldMask& mask, absl::string_view path);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_UPDATE_MASK_H_
