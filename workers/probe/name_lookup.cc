#include "workers/probe/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/steady_time.h"
#include "workers/link/probe_bounds.h"

namespace mqttpush {
namespace {

ProbeCause CauseOf(int error) {
  return error == EAI_NONAME || error == EAI_NODATA
             ? ProbeCause::kHostUnknown
             : ProbeCause::kResolverSilent;
}

LookUpResult Resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  LookUpResult result;
  if (error != 0) {
    result.cause = CauseOf(error);
    result.error = gai_strerror(error);
    return result;
  }
  for (const addrinfo* entry = found;
       entry != nullptr && result.addresses.size() < kMaxProbeAddresses;
       entry = entry->ai_next) {
    Address address;
    address.length = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    result.addresses.push_back(address);
  }
  freeaddrinfo(found);
  result.addresses = LinkAddressFirst(std::move(result.addresses));
  return result;
}

}  // namespace

std::string Address::HostText() const {
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes =
      family() == AF_INET
          ? static_cast<const void*>(
                &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr)
          : &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
  inet_ntop(family(), bytes, text, sizeof text);
  return text;
}

std::string Address::Text() const {
  const bool v4 = family() == AF_INET;
  const int port =
      v4 ? ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port)
         : ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return absl::StrCat(v4 ? "" : "[", HostText(), v4 ? "" : "]", ":", port);
}

std::vector<Address> LinkAddressFirst(std::vector<Address> addresses) {
  auto link =
      std::find_if(addresses.begin(), addresses.end(),
                   [](const Address& a) { return a.family() == AF_INET; });
  if (link == addresses.end() && !addresses.empty()) --link;
  if (link != addresses.end()) std::rotate(addresses.begin(), link, link + 1);
  return addresses;
}

LookUpResult LookUp(const std::string& host, int port,
                    absl::Duration deadline) {
  // The resolver cannot be interrupted.
  auto promise = std::make_shared<std::promise<LookUpResult>>();
  std::future<LookUpResult> future = promise->get_future();
  std::thread([promise, host, port] {
    promise->set_value(Resolve(host, port));
  }).detach();
  const auto patience = absl::ToChronoMilliseconds(deadline - SteadyNow());
  if (future.wait_for(patience) == std::future_status::ready) {
    return future.get();
  }
  return {ProbeCause::kResolverSilent, "no answer in time", {}};
}

}  // namespace mqttpush
