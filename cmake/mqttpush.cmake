# The rules every folder's CMakeLists.txt is written with.

# Warnings are errors in our own code only; MQTTPUSH_SANITIZE comes from the
# presets (CMakePresets.json).
add_library(mqttpush_options INTERFACE)
target_compile_options(mqttpush_options INTERFACE
  # Designated initializers leave the other members at their defaults.
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wno-unused-command-line-argument>)

set(MQTTPUSH_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")
if(MQTTPUSH_SANITIZE)
  add_compile_options(-fsanitize=${MQTTPUSH_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    # gcc 12 sees ghosts in <regex> and <functional> when it instruments them.
    -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${MQTTPUSH_SANITIZE})
endif()

# Most of the time of a compilation goes into reading these headers, so they are
# compiled once for libraries and once for tests. ccache needs the sloppiness
# that `dev` sets for it.
add_compile_options(-pthread $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
function(mqttpush_precompiled_headers name)
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/empty.cc)
  target_link_libraries(${name} PRIVATE mqttpush_options ${ARGN})
  target_precompile_headers(${name} PRIVATE <functional> <map> <memory>
    <string> <vector> <absl/status/statusor.h> <absl/strings/str_cat.h>
    <absl/time/time.h> <grpcpp/grpcpp.h>)
endfunction()
mqttpush_precompiled_headers(precompiled_library)
mqttpush_precompiled_headers(precompiled_test GTest::gmock)
target_precompile_headers(precompiled_test PRIVATE <gmock/gmock.h>
  <gtest/gtest.h>)

# mqttpush_library(name SOURCES a.cc … LINKS targets …)
function(mqttpush_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE mqttpush_options)
  target_precompile_headers(${name} REUSE_FROM precompiled_library)
endfunction()

# mqttpush_test(x_test LABEL unit LINKS targets …) builds x_test.cc into
# the test x_test. LABEL is what the sanitizer runs select by (see `dev`):
# unit or inprocess run under ASan+UBSan, and THREADS adds the ThreadSanitizer
# run; e2e starts real processes.
function(mqttpush_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_SOURCES)
    set(ARG_SOURCES ${name}.cc)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} mqttpush_options
    GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM precompiled_test)
  set(labels ${ARG_LABEL})
  if(ARG_THREADS)
    list(APPEND labels threads)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}"
    TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:halt_on_error=1;LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp")
endfunction()

# mqttpush_embed(out_cc symbol file): generates a source that defines
# `const absl::string_view mqttpush::symbol`, the text of the file.
function(mqttpush_embed out_cc symbol file)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cc)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DSOURCE=${source}
            -DOUTPUT=${generated} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  set(${out_cc} ${generated} PARENT_SCOPE)
endfunction()
