#include "services/admin/update_mask.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/field_mask_util.h"

namespace mqttpush {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

constexpr absl::string_view kAll = "*";

// Duration, Timestamp: values, though messages.
bool IsValue(const FieldDescriptor& field) {
  return field.is_repeated() ||
         field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         absl::StartsWith(field.message_type()->full_name(),
                          "google.protobuf.");
}

void AddPopulated(const Message& message, const std::string& prefix,
                  FieldMask* mask) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = absl::StrCat(prefix, field->name());
    if (IsValue(*field)) {
      mask->add_paths(path);
    } else {
      AddPopulated(message.GetReflection()->GetMessage(message, field),
                   absl::StrCat(path, "."), mask);
    }
  }
}

FieldMask AllFields(const Descriptor& descriptor) {
  FieldMask mask;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    mask.add_paths(descriptor.field(i)->name());
  }
  return mask;
}

FieldMask CheckedMask(const FieldMask& mask, const Descriptor& descriptor,
                      Violations* violations) {
  FieldMask known;
  for (const std::string& path : mask.paths()) {
    if (!path.empty() &&
        FieldMaskUtil::GetFieldDescriptors(&descriptor, path, nullptr)) {
      known.add_paths(path);
    } else if (path == kAll) {
      violations->Add("update_mask", "`*` must be the only path");
    } else {
      violations->Add(
          "update_mask",
          absl::StrCat("\"", path, "\" is not a field of ", descriptor.name()));
    }
  }
  return known;
}

FieldMask EffectiveMask(const FieldMask& mask, const Message& source,
                        Violations* violations) {
  if (mask.paths().empty()) {
    FieldMask populated;
    AddPopulated(source, "", &populated);
    return populated;
  }
  if (mask.paths_size() == 1 && mask.paths(0) == kAll) {
    return AllFields(*source.GetDescriptor());
  }
  return CheckedMask(mask, *source.GetDescriptor(), violations);
}

}  // namespace

void MergeByMask(const Message& source, const FieldMask& mask, Message* target,
                 Violations* violations) {
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(source, EffectiveMask(mask, source, violations),
                                options, target);
}

bool MaskNames(const FieldMask& mask, absl::string_view path) {
  return std::find(mask.paths().begin(), mask.paths().end(), path) !=
         mask.paths().end();
}

}  // namespace mqttpush
