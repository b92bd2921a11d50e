// What the tests of the program do over and over.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "child.hpp"

/// One line of an NDJSON file.
[[nodiscard]] std::string event_line(const std::string& stream, int n);

/// Appends these lines; fails the test where that fails.
void import_lines(const std::string& store, const std::string& lines);

/// The rows of a table, in the order of its first column, as CSV.
[[nodiscard]] std::string rows_of(const std::string& store, const std::string& table);

/// Each line, parsed.
[[nodiscard]] std::vector<boost::json::object> objects_of(const std::string& out);

/// What `lantern status --json` says of a projection; empty when it does not know it.
[[nodiscard]] boost::json::object status_json(const std::string& store, const std::string& projection);

/// Writes to the store's tables behind lantern's back.
void write_raw(const std::string& store, const std::string& sql);

/// A chain of hashes for each stream, which forgives no event twice, left out, or out of order, and what it makes of
/// events whose `n` is 1, 2, 3 … over `streams` streams in turn: as the file's table would be printed.
[[nodiscard]] std::string chains_file(int version = 1, int factor = 31);
[[nodiscard]] std::string chain_events(int first, int last, int streams = 7);
[[nodiscard]] std::string naive_chains(int events, int streams = 7, int factor = 31);

/// It ended with this code, printed nothing, and told these words in one line.
void check_refused(const Ended& ended, int code, const std::string& words);
