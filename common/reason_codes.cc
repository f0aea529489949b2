#include "common/reason_codes.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace mqttpush {
namespace {

struct Name {
  int code;
  absl::string_view name;
  bool permanent = false;  // in a CONNACK
};

constexpr Name kConnackNames[] = {
    {1, "unacceptable protocol version", true},
    {2, "client identifier rejected", true},
    {3, "server unavailable"},
    {4, "bad user name or password", true},
    {5, "not authorized", true},
};

constexpr Name kReasonNames[] = {
    {0x00, "success"},
    {0x04, "disconnect with will message"},
    {0x10, "no matching subscribers"},
    {0x80, "unspecified error"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x83, "implementation specific error"},
    {0x84, "unsupported protocol version", true},
    {0x85, "client identifier not valid", true},
    {0x86, "bad user name or password", true},
    {0x87, "not authorized", true},
    {0x88, "server unavailable"},
    {0x89, "server busy"},
    {0x8A, "banned", true},
    {0x8B, "server shutting down"},
    {0x8C, "bad authentication method", true},
    {0x8D, "keep alive timeout"},
    {0x8E, "session taken over"},
    {0x8F, "topic filter invalid"},
    {0x90, "topic name invalid"},
    {0x91, "packet identifier in use"},
    {0x92, "packet identifier not found"},
    {0x93, "receive maximum exceeded"},
    {0x94, "topic alias invalid"},
    {kReasonPacketTooLarge, "packet too large"},
    {0x96, "message rate too high"},
    {0x97, "quota exceeded"},
    {0x98, "administrative action"},
    {0x99, "payload format invalid"},
    {kReasonRetainNotSupported, "retain not supported"},
    {kReasonQosNotSupported, "QoS not supported"},
    {0x9C, "use another server"},
    {0x9D, "server moved"},
    {0x9E, "shared subscriptions not supported"},
    {0x9F, "connection rate exceeded"},
    {0xA0, "maximum connect time"},
    {0xA1, "subscription identifiers not supported"},
    {0xA2, "wildcard subscriptions not supported"},
};

template <size_t N>
const Name* Find(const Name (&names)[N], int code) {
  auto found = std::find_if(std::begin(names), std::end(names),
                            [code](const Name& n) { return n.code == code; });
  return found == std::end(names) ? nullptr : found;
}

}  // namespace

std::string ReasonCodeName(int code) {
  const Name* name = Find(kReasonNames, code);
  return absl::StrFormat("0x%02X %s", code,
                         name == nullptr ? "unknown reason" : name->name);
}

std::string ConnackName(int code) {
  if (code >= 0x80) return absl::StrCat("CONNACK ", ReasonCodeName(code));
  const Name* name = Find(kConnackNames, code);
  return absl::StrCat("CONNACK ", code, ": ",
                      name == nullptr ? "unknown return code" : name->name);
}

bool IsConnackPermanent(int code) {
  const Name* name =
      code >= 0x80 ? Find(kReasonNames, code) : Find(kConnackNames, code);
  return name != nullptr && name->permanent;
}

}  // namespace mqttpush
