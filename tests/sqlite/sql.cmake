# SQL projections.
find_package(SQLite3 3.38 REQUIRED)
lantern_test(sql
  SOURCES sql_parse_test.cpp sql_install_test.cpp sql_run_test.cpp
  LINK lantern::sqlite lantern::blocking SQLite::SQLite3)
