#include "lantern/blocking/seed.hpp"

#include <set>
#include <string>
#include <string_view>

namespace lantern::detail {

std::optional<Failure> refuse_seed(Position position, const std::vector<StoredView>& views) {
  std::set<std::string_view> keys;
  for (const StoredView& view : views) {
    const char* wrong = !keys.insert(view.key).second                               ? "is there twice"
                        : view.version < 1                                          ? "has no version"
                        : !view.position || view.position > std::optional(position) ? "is not as of the position"
                                                                                    : nullptr;
    if (!wrong) continue;
    return Failure(FailureKind::invalid, "the view of key '" + one_line(view.key) + "' " + wrong,
                   "give each key's view once, as it was after the event at " + std::to_string(position.value));
  }
  return std::nullopt;
}

Failure already_building(const ProjectionId& projection, const GenerationStatus& building) {
  return Failure(FailureKind::busy,
                 "generation " + std::to_string(building.generation.value) + " of " + to_string(projection) +
                     " is being built, and is at " + std::to_string(building.position->value),
                 "let it be finished, or cancel it first");
}

Failure past_the_log(Position position, std::optional<Position> head) {
  return Failure(FailureKind::invalid,
                 "the views are said to be as of " + std::to_string(position.value) + ", but the log " +
                     (head ? "ends at " + std::to_string(head->value) : std::string("is empty")),
                 "events up to there would never be applied; give the position that the views are as of in this log");
}

Failure seed_refused(const SaveError& why) {
  if (const auto* failure = std::get_if<Failure>(&why)) return *failure;
  return Failure(FailureKind::busy, "the seed was not stored: " + to_string(why),
                 "somebody else was faster; look at the generations, and begin again");
}

}  // namespace lantern::detail
