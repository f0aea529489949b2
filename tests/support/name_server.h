// What a test needs to be the name server of its own process.
#ifndef MQTTPUSH_TESTS_SUPPORT_NAME_SERVER_H_
#define MQTTPUSH_TESTS_SUPPORT_NAME_SERVER_H_

#include <netinet/in.h>
#include <resolv.h>

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// From now on this thread's lookups go there, by a plain question. To be linked
// with resolv.
inline bool UseNameServer(const sockaddr_in& address) {
  if (res_init() != 0) return false;
  _res.nscount = 1;
  _res.nsaddr_list[0] = address;
  _res.options &= ~static_cast<unsigned long>(RES_USE_EDNS0);
  return true;
}

// The answer to a question (RFC 1035) for an IPv4 address: these four bytes.
inline std::string AnswerTo(std::string question, absl::string_view address) {
  question[2] = '\x81';  // a response
  question[3] = '\x80';
  question[7] = 1;  // one answer, to the name at byte 12: A, IN, 0 s
  question.append("\xc0\x0c\0\1\0\1\0\0\0\0\0\4", 12);
  question.append(address.data(), address.size());
  return question;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_NAME_SERVER_H_
