// The verbs of mqttpush, one file each.
#ifndef MQTTPUSH_CLI_VERBS_VERBS_H_
#define MQTTPUSH_CLI_VERBS_VERBS_H_

#include "cli/command.h"

namespace mqttpush::cli {

void AddResourceVerbs(Command root);  // tenants, brokers, subscriptions
void AddBrokerSwitches(Command brokers);
void AddApply(Command root);
void AddProbe(Command root);
void AddPublish(Command root);
void AddHistory(Command root);
void AddStream(Command root);
void AddExplain(Command root);
void AddRetry(Command root);
void AddReplay(Command root);
void AddStats(Command root);
void AddCompletion(CommandTree& tree);

// All of them, in the order of help.
void AddVerbs(CommandTree& tree);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_VERBS_VERBS_H_
