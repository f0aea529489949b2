// What the demo shows a person at the end.
#ifndef MQTTPUSH_DEMO_REPORT_H_
#define MQTTPUSH_DEMO_REPORT_H_

#include <vector>

#include "demo/plan.h"
#include "demo/terminal.h"
#include "demo/verdict.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::demo {

// One line per tenant; `verdicts` in the order of `plans`.
void PrintResults(const std::vector<TenantPlan>& plans,
                  const std::vector<Verdict>& verdicts, Terminal& terminal);

// Everything the history knows about one delivery.
void PrintDelivery(const v1::Delivery& delivery, Terminal& terminal);

// The last word. Returns whether all agreed.
bool PrintConclusion(const std::vector<Verdict>& verdicts, Terminal& terminal);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_REPORT_H_
