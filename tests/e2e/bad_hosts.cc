// Host names that break a worker, for isolation_test. Preloaded under mqttpushd
// and its workers, this stands between them and the resolver:
//   never-answers-PORT.test  is asked of a name server at 127.0.0.1:PORT, by
//                            glibc's own resolver and as RES_OPTIONS has it
//   crashes.test             ends the process with SIGABRT
// All other names go their usual way. The name server of a process can only be
// set in /etc/resolv.conf, and its port not at all; hence this.
#include <arpa/nameser.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int AskNobody(const char* name, int port) {
  struct __res_state resolver = {};
  if (res_ninit(&resolver) != 0) return EAI_SYSTEM;
  resolver.nscount = 1;
  resolver.nsaddr_list[0] = {};
  resolver.nsaddr_list[0].sin_family = AF_INET;
  resolver.nsaddr_list[0].sin_port = htons(static_cast<uint16_t>(port));
  resolver.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  unsigned char answer[NS_PACKETSZ];
  const int size =
      res_nquery(&resolver, name, ns_c_in, ns_t_a, answer, sizeof answer);
  res_nclose(&resolver);
  return size < 0 ? EAI_AGAIN : EAI_NONAME;
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service,
                           const addrinfo* hints, addrinfo** results) {
  int port = 0;
  if (name != nullptr) {
    if (std::strcmp(name, "crashes.test") == 0) std::abort();
    if (std::sscanf(name, "never-answers-%d.test", &port) == 1) {
      return AskNobody(name, port);
    }
  }
  static auto* const next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, results);
}
