# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DINPUT=… -DOUTPUT=… -DFUNCTION=… -P EmbedText.cmake
# Writes a C++ file with a function that returns INPUT's text.
file(READ ${INPUT} text)
string(FIND "${text}" ")embedded\"" end)
if(NOT end EQUAL -1)
  message(FATAL_ERROR "${INPUT} holds the delimiter of the raw string")
endif()
file(WRITE ${OUTPUT} "// Generated; see cmake/EmbedText.cmake.
#include <string_view>

namespace nvgpuctl {

std::string_view ${FUNCTION}() {
  return R\"embedded(${text})embedded\";
}

}  // namespace nvgpuctl
")
