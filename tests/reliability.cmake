# The table of faults and effects in docs/reliability.md names tests that exist: each number of the table is in the list
# below it, each of the list is in the table, and each test of the list is one that ctest knows of.
#
#   cmake -DBUILD=… -DSOURCE=… -DCTEST=… -P reliability.cmake

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${CTEST}" --test-dir "${BUILD}" -N OUTPUT_VARIABLE listed RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "ctest could not list the tests of ${BUILD}")
endif()
# Brackets and semicolons mean something to CMake's lists; titles are compared without them.
string(REGEX REPLACE "[][;]" "" listed "${listed}")

file(STRINGS "${SOURCE}/docs/reliability.md" lines)
set(section OFF)
foreach(line IN LISTS lines)
  if(line MATCHES "^## ")
    set(section OFF)
  endif()
  if(line MATCHES "^## Faults and effects")
    set(section ON)
  elseif(section AND line MATCHES "^\\| [^|]+\\| (.*)\\|$")
    string(REGEX MATCHALL "[0-9]+" numbers "${CMAKE_MATCH_1}")
    list(APPEND used ${numbers})
  elseif(section AND line MATCHES "^([0-9]+)\\. `(.*)`$")
    list(APPEND known ${CMAKE_MATCH_1})
    string(REGEX REPLACE "[][;]" "" title "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "^([a-z_]+): " "\\1:" title "${title}")  # as the program's name stands before its tests
    string(FIND "${listed}\n" ": ${title}\n" at)
    if(at EQUAL -1)
      list(APPEND wrong "there is no test `${title}`")
    endif()
  endif()
endforeach()

foreach(number IN LISTS used)
  if(NOT number IN_LIST known)
    list(APPEND wrong "the table names ${number}, which is not in the list")
  endif()
endforeach()
foreach(number IN LISTS known)
  if(NOT number IN_LIST used)
    list(APPEND wrong "no cell of the table names ${number}")
  endif()
endforeach()
list(REMOVE_DUPLICATES wrong)
if(wrong)
  list(JOIN wrong "\n  " wrong)
  message(FATAL_ERROR "docs/reliability.md:\n  ${wrong}")
endif()
list(LENGTH known count)
message(STATUS "${count} tests of the table exist")
