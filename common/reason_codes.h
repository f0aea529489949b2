// The names of MQTT's reason and return codes, in the words of its standards.
#ifndef MQTTPUSH_COMMON_REASON_CODES_H_
#define MQTTPUSH_COMMON_REASON_CODES_H_

#include <string>

namespace mqttpush {

inline constexpr int kReasonPacketTooLarge = 0x95;
inline constexpr int kReasonRetainNotSupported = 0x9A;
inline constexpr int kReasonQosNotSupported = 0x9B;

// MQTT 5, section 2.4: "0x87 not authorized". An unknown code keeps its number.
std::string ReasonCodeName(int code);

// MQTT 3.1.1, section 3.2.2.3, and MQTT 5: "CONNACK 5: not authorized".
std::string ConnackName(int code);

// Whether only a person can mend what a CONNACK refused: credentials, client
// id, protocol version. 1 to 5 are codes of MQTT 3.1.1.
bool IsConnackPermanent(int code);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_REASON_CODES_H_
