# SQL projections.
lantern_test(sql
  SOURCES sql_beside_crash_test.cpp sql_beside_test.cpp sql_docs_test.cpp sql_install_test.cpp sql_names_test.cpp
          sql_parse_test.cpp sql_run_test.cpp sql_streams_test.cpp
  LINK lantern::sqlite lantern::blocking SQLite::SQLite3)
cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH lantern_tests)
cmake_path(GET lantern_tests PARENT_PATH lantern_root)
target_compile_definitions(test_sql PRIVATE LANTERN_SOURCE_DIR="${lantern_root}")
