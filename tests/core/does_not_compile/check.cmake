# Compiles SOURCE, which must fail with the message that its first line names; without such a line it must compile.
file(STRINGS "${SOURCE}" first LIMIT_COUNT 1)
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -Wall -Werror "-I${INCLUDE}" "${SOURCE}"
  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(first MATCHES "^// expect: (.*)$")
  set(expected "${CMAKE_MATCH_1}")
  if(NOT failed)
    message(FATAL_ERROR "${SOURCE} compiles, but must not")
  elseif(NOT said MATCHES "${expected}")
    message(FATAL_ERROR "${SOURCE} fails with another message than \"${expected}\":\n${said}")
  endif()
elseif(failed)
  message(FATAL_ERROR "${SOURCE} does not compile:\n${said}")
endif()
