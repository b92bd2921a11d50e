#include "lantern/upcasting.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <tuple>

#include "lantern/projector.hpp"

namespace lantern {

std::string to_string(const EventShape& shape) {
  return detail::one_line(shape.type) + " version " + std::to_string(shape.version);
}

namespace {

tl::unexpected<Failure> wrong(std::string what, std::string advice) {
  return tl::unexpected(Failure(FailureKind::invalid, "upcasters: " + std::move(what), std::move(advice)));
}

}  // namespace

struct Upcasters::Table {
  struct Type;
  struct Step {
    UpcastStep said;
    const Type* to{};
  };
  struct Type {
    std::string name{};
    std::int32_t oldest{1}, newest{1};
    bool newest_is_last{true};  ///< no step leads on from it
    std::vector<Step> steps{};  ///< from the oldest version on, without a gap

    [[nodiscard]] const Step* step_from(std::int32_t version) const noexcept {
      const auto index = static_cast<std::size_t>(version - oldest);
      return index < steps.size() ? &steps[index] : nullptr;
    }
  };
  std::map<std::string, Type> types{};

  [[nodiscard]] const Type* find(std::string_view name) const noexcept {
    for (std::size_t at = place_of(name);; ++at) {
      const Type* type = places_[at & (places_.size() - 1)];
      if (!type || type->name == name) return type;
    }
  }
  /// Where the chain of this step ends.
  [[nodiscard]] static const std::string& last_type(const Step* step) noexcept {
    for (;;) {
      const Step* next = step->to->step_from(step->said.to.version);
      if (!next) return step->to->name;
      step = next;
    }
  }

  [[nodiscard]] tl::expected<void, Failure> take(std::vector<UpcastStep> steps,
                                                 const std::vector<EventVersions>& versions);

 private:
  [[nodiscard]] tl::expected<void, Failure> take_versions(const std::vector<EventVersions>&,
                                                          std::set<std::string>& said);
  [[nodiscard]] static tl::expected<void, Failure> check_chain(const Type&);
  [[nodiscard]] tl::expected<void, Failure> find_circle() const;

  // Every event is looked up here. A hash of all of its name would cost more than all else that is done about it.
  [[nodiscard]] static std::size_t place_of(std::string_view name) noexcept {
    if (name.empty()) return 0;
    const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(name[at])); };
    return name.size() * 31 + byte(0) * 7 + byte(name.size() / 2) * 3 + byte(name.size() - 1);
  }
  void make_places() {
    places_.assign(std::bit_ceil(types.size() * 4), nullptr);
    for (const auto& [name, type] : types) {
      std::size_t at = place_of(name);
      while (places_[at & (places_.size() - 1)]) ++at;
      places_[at & (places_.size() - 1)] = &type;
    }
  }
  std::vector<const Type*> places_{};  ///< a power of two of them, most of them empty
};

tl::expected<void, Failure> Upcasters::Table::take_versions(const std::vector<EventVersions>& versions,
                                                            std::set<std::string>& said) {
  for (const EventVersions& one : versions) {
    if (!said.insert(one.type).second) {
      return wrong("the versions of " + detail::one_line(one.type) + " are said twice", "say them once");
    }
    if (one.oldest < 1 || one.newest < one.oldest) {
      return wrong("the versions of " + detail::one_line(one.type) + " go from " + std::to_string(one.oldest) + " to " +
                       std::to_string(one.newest),
                   "versions are numbers from 1 up, and the oldest is not after the newest");
    }
    types[one.type] = {one.type, one.oldest, one.newest};
  }
  return {};
}

tl::expected<void, Failure> Upcasters::Table::take(std::vector<UpcastStep> steps,
                                                   const std::vector<EventVersions>& versions) {
  std::set<std::string> said;
  if (auto taken = take_versions(versions, said); !taken) return taken;
  std::ranges::sort(steps, {}, [](const UpcastStep& step) { return std::tie(step.from.type, step.from.version); });

  for (std::size_t i = 0; i < steps.size(); ++i) {
    const UpcastStep& step = steps[i];
    if (!step.payload) return wrong("the step from " + to_string(step.from) + " has no function", "give it one");
    if (i > 0 && steps[i - 1].from == step.from) {
      return wrong("two steps lead on from " + to_string(step.from), "leave one of them out");
    }
    for (const EventShape* shape : {&step.from, &step.to}) {
      if (shape->version < 1) return wrong("a step names " + to_string(*shape), "versions are numbers from 1 up");
      Type& type = types[shape->type];
      if (type.name.empty()) type.name = shape->type;
      if (said.contains(shape->type)) {
        if (shape->version > type.newest || shape->version < type.oldest) {
          return wrong("a step names " + to_string(*shape) + ", but its versions are said to go from " +
                           std::to_string(type.oldest) + " to " + std::to_string(type.newest),
                       "mend what is said of the versions, or leave the step out");
        }
      } else {
        type.newest = std::max(type.newest, shape->version);
      }
    }
  }
  for (UpcastStep& step : steps) {
    Type& type = types.find(step.from.type)->second;
    const Type* to = &types.find(step.to.type)->second;  // addresses stay: no type is added any more
    type.steps.push_back({std::move(step), to});
  }
  for (auto& [name, type] : types) {
    if (auto checked = check_chain(type); !checked) return checked;
    type.newest_is_last = !type.step_from(type.newest);
  }
  if (!types.empty()) make_places();
  return find_circle();
}

/// Steps lead on from each version but the newest; there may be one from that, too.
tl::expected<void, Failure> Upcasters::Table::check_chain(const Type& type) {
  std::int32_t version = type.oldest;
  for (const Step& step : type.steps) {
    if (step.said.from.version != version) break;
    ++version;
  }
  if (version >= type.newest) return {};
  const bool begins_later = version == type.oldest && !type.steps.empty();
  return wrong("no step leads on from " + to_string({type.name, version}) + ", and the newest is version " +
                   std::to_string(type.newest),
               begins_later ? "add that step, or say which version is the oldest in the log (lantern::EventVersions)"
                            : "add that step");
}

/// Each shape has one step at most, so a walk that does not end comes by where it was.
tl::expected<void, Failure> Upcasters::Table::find_circle() const {
  std::set<const Step*> done;
  for (const auto& [name, type] : types) {
    for (const Step& first : type.steps) {
      std::vector<const Step*> walked;
      for (const Step* step = &first; step && !done.contains(step); step = step->to->step_from(step->said.to.version)) {
        const auto seen = std::ranges::find(walked, step);
        if (seen != walked.end()) {
          std::string circle;
          for (auto one = seen; one != walked.end(); ++one) circle += to_string((*one)->said.from) + ", ";
          return wrong("the steps go in a circle: " + circle + to_string(step->said.from),
                       "leave out the one that leads back to an older shape");
        }
        walked.push_back(step);
      }
      done.insert(walked.begin(), walked.end());
    }
  }
  return {};
}

tl::expected<Upcasters, Failure> Upcasters::of(std::vector<UpcastStep> steps, std::vector<EventVersions> versions) {
  auto table = std::make_shared<Table>();
  if (auto taken = table->take(std::move(steps), versions); !taken) return tl::unexpected(std::move(taken).error());
  Upcasters made;
  if (!table->types.empty()) made.table_ = std::move(table);
  return made;
}

bool Upcasters::is_current(const RecordedEvent& event) const noexcept {
  if (!table_) return true;
  const Table::Type* type = table_->find(event.type);
  return !type || (event.schema_version == type->newest && type->newest_is_last);
}

namespace {

Failure unknown_version(const RecordedEvent& event, std::int32_t oldest, std::int32_t newest) {
  const bool newer = event.schema_version > newest;
  return Failure(FailureKind::undecodable,
                 detail::one_line(event.type) + " of schema version " + std::to_string(event.schema_version) +
                     " cannot be read: the " + (newer ? "newest" : "oldest") + " that this program knows is version " +
                     std::to_string(newer ? newest : oldest),
                 newer ? "run the program that knows it, or add the version" : "add a step for it");
}

tl::expected<std::string, Failure> run_step(const UpcastStep& step, const RecordedEvent& event) {
  tl::expected<std::string, Failure> made = tl::unexpected(Failure());
  try {
    made = step.payload(event);
  } catch (...) {
    made = tl::unexpected(detail::failure_of(std::current_exception()));
  }
  if (made) return made;
  Failure failure = std::move(made).error();
  failure.kind = FailureKind::undecodable;
  failure.what = "the upcaster from " + to_string(step.from) + " to " + to_string(step.to) + " failed: " + failure.what;
  return tl::unexpected(std::move(failure));
}

}  // namespace

tl::expected<Upcasted, Failure> Upcasters::upcast(const RecordedEvent& recorded) const {
  Upcasted made(recorded);
  if (!table_) return made;
  RecordedEvent& event = made.event_;
  for (const Table::Type* type = table_->find(recorded.type); type;) {
    if (event.schema_version < type->oldest || event.schema_version > type->newest) {
      return tl::unexpected(unknown_version(event, type->oldest, type->newest));
    }
    const Table::Step* step = type->step_from(event.schema_version);
    if (!step) break;
    auto payload = run_step(step->said, event);
    if (!payload) return tl::unexpected(std::move(payload).error());
    made.payload_ = std::make_unique<const std::string>(*std::move(payload));
    type = step->to;
    event.type = type->name;
    event.schema_version = step->said.to.version;
    event.data = *made.payload_;
  }
  return made;
}

std::vector<std::string> Upcasters::with_older(std::vector<std::string> types) const {
  if (!table_) return types;
  std::set<std::string> wanted(types.begin(), types.end()), more;
  for (const auto& [name, type] : table_->types) {
    if (wanted.contains(name)) continue;
    const auto leads_there = [&](const Table::Step& step) { return wanted.contains(Table::last_type(&step)); };
    if (std::ranges::any_of(type.steps, leads_there)) more.insert(name);
  }
  types.insert(types.end(), more.begin(), more.end());
  return types;
}

std::optional<std::int32_t> Upcasters::newest(std::string_view type) const noexcept {
  const Table::Type* found = table_ ? table_->find(type) : nullptr;
  return found ? std::optional(found->newest) : std::nullopt;
}

std::ostream& operator<<(std::ostream& out, const EventShape& shape) { return out << to_string(shape); }

}  // namespace lantern
