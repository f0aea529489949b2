// retry: sends deliveries again.
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/history_tables.h"
#include "cli/proto_json.h"
#include "cli/text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

struct Options {
  std::vector<std::string> deliveries;
};

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  for (const std::string& text : options.deliveries) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                              ChildName(text, "deliveries"));
    v1::RetryDeliveryRequest request;
    request.set_name(name);
    MQTTPUSH_ASSIGN_OR_RETURN(const auto delivery,
                              session.client.Call<v1::Delivery>(
                                  "HistoryService/RetryDelivery", request));
    if (session.json) {
      session.console.Line(ToJson(delivery, JsonForm::kOneLine));
      continue;
    }
    session.console.Line(absl::StrCat(
        ShortName(delivery.name()), "  ",
        session.console.Styled(ToneOf(delivery.state()),
                               v1::Delivery::State_Name(delivery.state())),
        "  ", OneLine(delivery.state_reason())));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddRetry(Command root) {
  auto options = std::make_shared<Options>();
  root.Add("retry", "sends deliveries again",
           "What is PARKED, or was DELIVERED and got lost on the customer's "
           "side, is sent once more; it may arrive twice. The request is on "
           "disk when this ends; the sending follows when the link is there. "
           "Stops at the first that cannot be sent again. For many at once "
           "see mqttpush replay.")
      .Arguments("DELIVERY", &options->deliveries,
                 "The deliveries, as acme/1-1: `mqttpush history` shows them.")
      .Example("mqttpush retry acme/17-2", "Sends this one again.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
