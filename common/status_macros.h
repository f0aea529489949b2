// MQTTPUSH_RETURN_IF_ERROR and MQTTPUSH_ASSIGN_OR_RETURN: the only macros.
#ifndef MQTTPUSH_COMMON_STATUS_MACROS_H_
#define MQTTPUSH_COMMON_STATUS_MACROS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Evaluates `expression`, an absl::Status, and returns it if it is not OK.
#define MQTTPUSH_RETURN_IF_ERROR(expression)                  \
  do {                                                        \
    if (absl::Status _status = (expression); !_status.ok()) { \
      return _status;                                         \
    }                                                         \
  } while (false)

// MQTTPUSH_ASSIGN_OR_RETURN(auto x, F()): x = *F(), or returns F()'s error.
#define MQTTPUSH_ASSIGN_OR_RETURN(lhs, expression)                            \
  MQTTPUSH_ASSIGN_OR_RETURN_IMPL(MQTTPUSH_CONCAT(_status_or_, __LINE__), lhs, \
                                 expression)
#define MQTTPUSH_ASSIGN_OR_RETURN_IMPL(variable, lhs, expression) \
  auto variable = (expression);                                   \
  if (!variable.ok()) return variable.status();                   \
  lhs = std::move(variable).value()
#define MQTTPUSH_CONCAT(a, b) MQTTPUSH_CONCAT_IMPL(a, b)
#define MQTTPUSH_CONCAT_IMPL(a, b) a##b

#endif  // MQTTPUSH_COMMON_STATUS_MACROS_H_
