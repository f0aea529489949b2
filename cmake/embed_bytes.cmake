# Run by a custom command: writes SOURCE's bytes into OUTPUT as the constants
# SYMBOL and SYMBOLSize.
file(READ ${SOURCE} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT}
"// Generated from ${SOURCE}.
#include <cstddef>
namespace mqttpush {
extern const unsigned char ${SYMBOL}[];
extern const size_t ${SYMBOL}Size;
const unsigned char ${SYMBOL}[] = {${bytes}};
const size_t ${SYMBOL}Size = sizeof(${SYMBOL});
}  // namespace mqttpush
")
