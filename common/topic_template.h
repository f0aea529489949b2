// Topic templates: "fleet/{tenant}/{objectType}" rendered for one event.
#ifndef MQTTPUSH_COMMON_TOPIC_TEMPLATE_H_
#define MQTTPUSH_COMMON_TOPIC_TEMPLATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// What the placeholders stand for.
struct TopicFields {
  absl::string_view tenant;       // {tenant}: the tenant's id
  absl::string_view object_type;  // {objectType}: lower case, as "reeferdata"
  absl::string_view asset_id;     // {assetId}
  absl::string_view owner_id;     // {ownerId}
};

// Returns OK if `topic_template` holds known placeholders only and its fixed
// text can be part of an MQTT topic name: not empty, UTF-8, at most
// limits::kMaxTopicBytes, without '+', '#' and NUL, no leading '$' (MQTT 4.7,
// 1.5.4). INVALID_ARGUMENT otherwise, with the rule that is broken. A brace
// that is not part of a placeholder is an error, so that a misspelt placeholder
// never becomes a topic.
absl::Status ValidateTopicTemplate(absl::string_view topic_template);

// Replaces the placeholders and checks the result as above. INVALID_ARGUMENT
// also for a value that would leave its topic level or make it vanish: an empty
// one, or one with '/', '+', '#' or NUL. So each value is exactly one level (or
// its part), and an object cannot choose the topic of another.
absl::StatusOr<std::string> RenderTopic(absl::string_view topic_template,
                                        const TopicFields& fields);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_TOPIC_TEMPLATE_H_
