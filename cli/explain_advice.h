// AdviceOn: what to type about a delivery that has not arrived.
#ifndef MQTTPUSH_CLI_EXPLAIN_ADVICE_H_
#define MQTTPUSH_CLI_EXPLAIN_ADVICE_H_

#include <string>

#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {

struct AskedTenant {
  std::string name;     // full
  bool paused = false;  // as a whole
};

// A command line, as "mqttpush retry acme/1-1"; empty where none helps.
std::string AdviceOn(const v1::Explanation& explanation,
                     const AskedTenant& tenant);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_EXPLAIN_ADVICE_H_
