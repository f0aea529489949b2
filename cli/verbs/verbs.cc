#include "cli/verbs/verbs.h"

namespace mqttpush::cli {

void AddVerbs(CommandTree& tree) {
  const Command root = tree.root();
  AddResourceVerbs(root);
  AddCompletion(tree);
}

}  // namespace mqttpush::cli
