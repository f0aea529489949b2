#include "cli/explain_advice.h"

#include "absl/strings/str_cat.h"
#include "cli/words.h"

namespace mqttpush::cli {
namespace {

// "" when there is no such resource.
std::string On(const char* command, const std::string& name) {
  return name.empty()
             ? ""
             : absl::StrCat("mqttpush ", command, " ", ShortName(name));
}

}  // namespace

std::string AdviceOn(const v1::Explanation& explanation,
                     const AskedTenant& tenant) {
  switch (explanation.reason()) {
    case v1::Explanation::PARKED:
      return On("retry", explanation.delivery());
    case v1::Explanation::WAITING_PAUSED:
      return tenant.paused
                 ? On("tenants resume", tenant.name)
                 : On("subscriptions resume", explanation.subscription());
    case v1::Explanation::WAITING_FOR_LINK:
    case v1::Explanation::WAITING_INCOMPATIBLE:
      return On("probe", explanation.broker());
    case v1::Explanation::NOT_TAKEN:
      return On("subscriptions get", explanation.subscription());
    case v1::Explanation::NO_SUBSCRIPTION:
      return On("subscriptions list", tenant.name);
    case v1::Explanation::OVER_QUOTA:
    case v1::Explanation::NO_TENANT:
      return On("tenants get", tenant.name);
    default:
      return "";
  }
}

}  // namespace mqttpush::cli
