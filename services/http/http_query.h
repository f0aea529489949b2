// HttpQuery: the parameters of a request's query.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_QUERY_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_QUERY_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush {

// What is between '%' and two hexadecimal digits is decoded, '+' is a space;
// a '%' without them stays as it is. Immutable.
class HttpQuery {
 public:
  // Of "a=1&b=2&a=3", without the '?'.
  explicit HttpQuery(absl::string_view text);

  // The first of that name; absent without one.
  std::optional<std::string> Get(absl::string_view name) const;
  // All of that name, in order.
  std::vector<std::string> All(absl::string_view name) const;

  // One name or value.
  static std::string Decode(absl::string_view text);

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_QUERY_H_
