#include "cli/verbs/verbs.h"

namespace mqttpush::cli {

void AddVerbs(CommandTree& tree) {
  const Command root = tree.root();
  AddResourceVerbs(root);
  AddApply(root);
  AddProbe(root);
  AddPublish(root);
  AddHistory(root);
  AddStream(root);
  AddExplain(root);
  AddRetry(root);
  AddReplay(root);
  AddStats(root);
  AddCompletion(tree);
}

}  // namespace mqttpush::cli
