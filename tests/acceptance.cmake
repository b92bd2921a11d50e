# Each acceptance behaviour has a test that names it: a test that ctest knows of, or a contract of the suite that every
# store runs. Fails with the list of those that nothing names.
#
#   cmake -DBUILD=… -DSOURCE=… -DCTEST=… -P acceptance.cmake

set(required)
foreach(range "1;21" "24;24" "30;50" "52;52" "54;54")
  list(GET range 0 first)
  list(GET range 1 last)
  foreach(number RANGE ${first} ${last})
    list(APPEND required T${number})
  endforeach()
endforeach()

execute_process(COMMAND "${CTEST}" --test-dir "${BUILD}" -N OUTPUT_VARIABLE listed RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "ctest could not list the tests of ${BUILD}")
endif()
string(REGEX MATCHALL "Test +#[0-9]+: [^\n]*" titles "${listed}")

# Contracts are sections of one test, so ctest does not list them; each is in the table of its file.
file(GLOB contracts "${SOURCE}/adapters/testing/src/*_contracts.cpp")
foreach(file IN LISTS contracts)
  file(STRINGS "${file}" rules REGEX "^ +{\"[a-z ]+: .*\"")
  list(APPEND titles ${rules})
endforeach()

set(missing)
foreach(behaviour IN LISTS required)
  set(named ${titles})
  list(FILTER named INCLUDE REGEX "[ (:\"]${behaviour}[,:) ]")
  list(LENGTH named count)
  message(STATUS "${behaviour}: ${count}")
  foreach(title IN LISTS named)
    string(REGEX REPLACE "^ +|Test +#[0-9]+: " "" title "${title}")
    message(STATUS "    ${title}")
  endforeach()
  if(count EQUAL 0)
    list(APPEND missing ${behaviour})
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "no test names these acceptance behaviours: ${missing}")
endif()
