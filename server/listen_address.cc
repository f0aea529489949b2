#include "server/listen_address.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mqttpush {

bool IsLoopback(absl::string_view listen_address) {
  if (absl::StartsWith(listen_address, "unix:")) return true;
  absl::string_view host = listen_address.substr(0, listen_address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (host == "localhost" || host == "::1") return true;
  in_addr ipv4;
  return inet_pton(AF_INET, std::string(host).c_str(), &ipv4) == 1 &&
         (ntohl(ipv4.s_addr) >> 24) == 127;
}

absl::Status CheckPlaintext(absl::string_view flag,
                            absl::string_view listen_address) {
  if (IsLoopback(listen_address)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      flag, ": other machines can connect to ", listen_address,
      ", and without TLS all that passes, brokers' passwords and customers' "
      "data "
      "included, could be read and changed on the way: give "
      "--tls-certificate-file and --tls-key-file, listen on loopback, or, if "
      "something else encrypts all of the way, say "
      "--allow-plaintext-on-network"));
}

}  // namespace mqttpush
