#include "services/flowcore/result_texts.h"

#include "services/flowcore/result_converter.h"
#include "services/flowcore/result_stream.h"

namespace mqttpush {

std::vector<std::string> ResultTexts(const std::vector<AttemptRow>& rows,
                                     absl::string_view tenant, ResultForm form,
                                     const FlowTypes& flow_types,
                                     const ConfigSnapshot& config) {
  const ResultStream stream = ResultStreamOf(tenant);
  const ResultContext context = {stream, flow_types, config};
  std::vector<std::string> texts;
  texts.reserve(rows.size());
  for (const AttemptRow& row : rows) {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    if (form == ResultForm::kPayload) {
      WriteResultPayload(ToResult(row, context), writer);
    } else {
      WriteResultEvent(ToResult(row, context), stream, writer);
    }
    texts.emplace_back(text.GetString(), text.GetSize());
  }
  return texts;
}

}  // namespace mqttpush
