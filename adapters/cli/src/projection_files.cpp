#include "projection_files.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include "messages.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

tl::expected<std::string, std::string> contents(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  // A folder can be opened, but not read.
  if (in && (in.peek(), !in.bad())) {
    if (!in.eof()) text << in.rdbuf();
    if (!in.bad() && !text.fail()) return std::move(text).str();
  }
  return tl::unexpected(file + ": cannot be read (" +
                        (errno ? std::generic_category().message(errno) : std::string("it is no file")) +
                        "): check the path");
}

}  // namespace

tl::expected<std::vector<SqlProjection>, Trouble> load_projections(const std::vector<std::string>& files) {
  std::vector<SqlProjection> projections;
  std::map<std::string, std::string> file_of;
  std::vector<std::string> errors;
  for (const std::string& file : files) {
    auto text = contents(file);
    if (!text) {
      errors.push_back(std::move(text).error());
      continue;
    }
    auto projection = SqlProjection::parse(*text, file);
    if (!projection) {
      errors.push_back(projection.error().message());
      continue;
    }
    const auto [other, is_new] = file_of.emplace(projection->name(), file);
    if (is_new) {
      projections.push_back(*std::move(projection));
    } else {
      errors.push_back(file + ": the projection \"" + projection->name() + "\" is in " + other->second +
                       " already: give one of them another name, or name the file once");
    }
  }
  if (errors.empty()) return projections;
  // The last is told by whoever ends the program.
  for (std::size_t at = 0; at + 1 < errors.size(); ++at) say("lantern: " + errors[at]);
  return trouble(ExitCode::usage, errors.back());
}

}  // namespace lantern::cli
