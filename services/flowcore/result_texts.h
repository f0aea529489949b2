// ResultTexts: attempts as results, for who reads them by the API.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_TEXTS_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_TEXTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/flowcore/flow_types.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

enum class ResultForm { kEvent, kPayload };

// One JSON text for each of `rows`, all of `tenant`, as delivery_result.h
// writes them.
std::vector<std::string> ResultTexts(const std::vector<AttemptRow>& rows,
                                     absl::string_view tenant, ResultForm form,
                                     const FlowTypes& flow_types,
                                     const ConfigSnapshot& config);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_TEXTS_H_
