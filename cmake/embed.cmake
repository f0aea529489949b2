# Run by mqttpush_embed(): writes SOURCE's text into OUTPUT as the constant SYMBOL.
file(READ ${SOURCE} text)
# A string literal may hold 64 KiB; adjacent ones are joined by the compiler.
string(LENGTH "${text}" length)
set(literals "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND literals "R\"~~(${piece})~~\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT}
"// Generated from ${SOURCE}.
#include \"absl/strings/string_view.h\"
namespace mqttpush {
extern const absl::string_view ${SYMBOL};
const absl::string_view ${SYMBOL} = ${literals};
}  // namespace mqttpush
")
