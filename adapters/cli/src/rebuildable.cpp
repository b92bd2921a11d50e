#include "rebuildable.hpp"

#include <algorithm>
#include <filesystem>

#include "open_store.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

std::optional<Trouble> object_to(const SqlProjection& projection, const std::vector<ProjectionStatus>& all) {
  const auto known = std::ranges::find(all, ProjectionId(projection.name()), &ProjectionStatus::id);
  const std::string at = projection.file() + ": ", named = "projection " + to_string(ProjectionId(projection.name()));
  if (known == all.end()) {
    return Trouble{ExitCode::usage, at + "the store has no " + named + " to build anew: lantern run builds it"};
  }
  if (known->building && known->building->version.program > projection.version()) {
    return Trouble{ExitCode::usage, at + "this is version " + std::to_string(projection.version()) + " of " + named +
                                        ", but version " + std::to_string(known->building->version.program) +
                                        " is being built: use that version, or cancel its rebuild"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Trouble> object_to_names(const std::string& store, const std::vector<std::string>& files,
                                       const InItsProgram& otherwise) {
  if (std::ranges::all_of(files, is_file)) return std::nullopt;
  const auto opened = open_store(store, Access::read);
  if (!opened) return opened.error();
  const auto projections = opened->projections();
  if (!projections) return store_trouble(projections.error()).value();
  for (const std::string& name : files) {
    if (is_file(name)) continue;
    const auto named = std::ranges::find(*projections, name, [](const auto& each) { return each.id.name; });
    if (named == projections->end()) continue;  // no file either, which is told when it is read
    if (named->version) {
      return Trouble{ExitCode::usage, one_line(name) + " is an SQL projection: name its file"};
    }
    return Trouble{ExitCode::usage, one_line(name) + " is no SQL projection, and can only be " +
                                        std::string(otherwise.verb) + " by its own program: there, " +
                                        std::string(otherwise.how)};
  }
  return std::nullopt;
}

std::optional<Trouble> object_to_rebuild(const SqliteStore& store, const std::vector<SqlProjection>& projections) {
  const auto all = store.projections();
  if (!all) return store_trouble(all.error()).value();
  for (const SqlProjection& projection : projections) {
    if (auto wrong = object_to(projection, *all)) return wrong;
  }
  return std::nullopt;
}

}  // namespace lantern::cli
