# What `cmake --install` lays down so that find_package(lantern 0.1 REQUIRED COMPONENTS core sqlite …) works elsewhere:
#
#   lanternConfig.cmake, lanternConfigVersion.cmake   the door
#   lantern-NAME.cmake                                what component NAME needs: other components, and packages
#   lantern-NAME-targets.cmake                        its target, lantern::NAME
#
# A component is loaded on demand, so that who asks for the core alone needs nothing that only an adapter needs.
include(CMakePackageConfigHelpers)
set(lantern_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lantern")

# The command that finds the package which a linked target comes from, as it is to stand in lantern-NAME.cmake.
function(lantern_find_command target result)
  if(target MATCHES "^lantern(_|::)(.+)$")
    set(command "lantern_load(${CMAKE_MATCH_2})")
  elseif(target STREQUAL "tl::expected")
    set(command "find_dependency(tl-expected CONFIG)")
  elseif(target MATCHES "^Boost::(.+)$")
    set(command "find_dependency(Boost 1.81 CONFIG COMPONENTS ${CMAKE_MATCH_1})")
  elseif(target STREQUAL "SQLite::SQLite3")
    set(command "find_dependency(SQLite3)")
  elseif(target STREQUAL "Threads::Threads")
    set(command "find_dependency(Threads)")
  else()
    message(FATAL_ERROR "${target} is linked by a component, and .cmake/LanternInstall.cmake does not say where a "
                        "project that uses the installed component finds it. Add it to lantern_find_command.")
  endif()
  set(${result} "${command}" PARENT_SCOPE)
endfunction()

foreach(name IN LISTS LANTERN_COMPONENTS)
  set(lines "")
  get_target_property(linked lantern_${name} INTERFACE_LINK_LIBRARIES)
  foreach(target IN LISTS linked)
    # A static library's private dependencies are needed to link it.
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" target "${target}")
    if(target MATCHES "^\\$<BUILD_INTERFACE:" OR NOT target)
      continue()
    endif()
    lantern_find_command("${target}" command)
    list(APPEND lines "${command}")
  endforeach()
  list(REMOVE_DUPLICATES lines)
  list(APPEND lines "include(\"\${CMAKE_CURRENT_LIST_DIR}/lantern-${name}-targets.cmake\")" "")
  list(JOIN lines "\n" text)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/package/lantern-${name}.cmake" CONTENT "${text}" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/lantern-${name}.cmake" DESTINATION "${lantern_package_dir}")
  install(EXPORT lantern_${name} NAMESPACE lantern:: FILE lantern-${name}-targets.cmake
          DESTINATION "${lantern_package_dir}")
endforeach()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/lanternConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/lanternConfig.cmake" INSTALL_DESTINATION "${lantern_package_dir}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what was built against the one before.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/lanternConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/lanternConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/lanternConfigVersion.cmake" DESTINATION "${lantern_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
