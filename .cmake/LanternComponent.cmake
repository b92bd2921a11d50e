# lantern_component(NAME HEADERS … SOURCES … PUBLIC … PRIVATE …): one library of the project, `lantern::NAME`, with one
# export set of its own, so that a consumer of one component needs no dependency of another.
#
# Warnings belong to the project's own targets; nothing global, nothing exported.
add_library(lantern_warnings INTERFACE)
target_compile_options(lantern_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # "text" + std::to_string(number), optimised, trips over GCC's bug 105651.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)

set(LANTERN_COMPONENTS "" CACHE INTERNAL "components that were configured")

function(lantern_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  set(target lantern_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:lantern_warnings>)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_PUBLIC})
  endif()
  add_library(lantern::${name} ALIAS ${target})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON POSITION_INDEPENDENT_CODE ON)
  if(LANTERN_INSTALL)
    install(TARGETS ${target} EXPORT lantern_${name} FILE_SET HEADERS)
  endif()
  set(LANTERN_COMPONENTS ${LANTERN_COMPONENTS} ${name} CACHE INTERNAL "")
endfunction()
