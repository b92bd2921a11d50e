// Keyed projections over real logs, with described structs; and rows of what they made, as the expected answers have
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"

namespace real {

using namespace lantern;

/// What a described payload is, and of which stream.
template <class Data>
struct InStream {
  std::string stream;
  Data data;
};

/// Decodes as `Inner` does, and keeps the stream.
template <class Inner>
struct WithStream {
  using event_type = InStream<typename Inner::event_type>;
  static std::vector<std::string> types() { return Inner::types(); }
  tl::expected<event_type, Failure> decode(const RecordedEvent& recorded) const {
    return Inner{}.decode(recorded).map([&](auto&& data) {
      return event_type{std::string(recorded.stream), std::move(data)};
    });
  }
};

/// Keeps a sorted set in a vector, whose JSON is an array.
inline void insert(std::vector<std::string>& set, const std::string& one) {
  const auto at = std::ranges::lower_bound(set, one);
  if (at == set.end() || *at != one) set.insert(at, one);
}

// ---- the tree of a git history: one view for each path, and renames that touch two of them ----

struct FileAdded {
  static constexpr std::string_view event_type = "FileAdded";
  std::string c, b, m;
};
struct FileModified {
  static constexpr std::string_view event_type = "FileModified";
  std::string c, b, m;
};
struct FileDeleted {
  static constexpr std::string_view event_type = "FileDeleted";
  std::string c;
};
struct FileRenamed {
  static constexpr std::string_view event_type = "FileRenamed";
  std::string c, from, b, m;
};
struct File {
  std::string blob, mode;
};
BOOST_DESCRIBE_STRUCT(FileAdded, (), (c, b, m))
BOOST_DESCRIBE_STRUCT(FileModified, (), (c, b, m))
BOOST_DESCRIBE_STRUCT(FileDeleted, (), (c))
BOOST_DESCRIBE_STRUCT(FileRenamed, (), (c, from, b, m))
BOOST_DESCRIBE_STRUCT(File, (), (blob, mode))

struct Tree {
  using State = File;
  using Delta = File;
  using codec = WithStream<JsonCodec<FileAdded, FileModified, FileDeleted, FileRenamed>>;
  using view_codec = JsonViewCodec<State, Delta>;
  using Event = codec::event_type;
  static constexpr const char* log = "tldr_git_history";
  static constexpr const char* table = "tldr_git_history.tree";

  std::int64_t code = 1;
  std::string name() const { return "tree"; }
  std::int64_t version() const { return code; }

  static std::string path(const Event& event) { return event.stream.substr(5); }
  std::vector<std::string> keys(const Event& event) const {
    const auto* renamed = std::get_if<FileRenamed>(&event.data);
    if (renamed && renamed->from != path(event)) return {renamed->from, path(event)};
    return {path(event)};
  }
  Change<Delta> apply(State& file, const Event& event, const ViewAt& at) const {
    const auto set = [&](const auto& what) -> Change<Delta> {
      file = {what.b, what.m};
      return changed(File(file));
    };
    if (at.key != path(event) || std::holds_alternative<FileDeleted>(event.data)) return erased;
    if (const auto* added = std::get_if<FileAdded>(&event.data)) return set(*added);
    if (const auto* modified = std::get_if<FileModified>(&event.data)) return set(*modified);
    return set(std::get<FileRenamed>(event.data));
  }
  static std::string row(const std::string& key, const State& file) {
    return key + '\t' + file.blob + '\t' + file.mode;
  }
};

// ---- incidents, and the products that they are of ----

struct Step {
  static constexpr std::string_view event_type = "Step";
  std::string sub, who, team, impact, product;
};
/// By hand, because not all of these payloads have the same members.
inline Step tag_invoke(const boost::json::value_to_tag<Step>&, const boost::json::value& payload) {
  const auto text = [&](const char* member) { return std::string(payload.at(member).as_string()); };
  return {text("sub"), text("who"), text("team"), text("impact"), text("product")};
}

/// All types of that log have the same payload.
struct AnyStep {
  struct event_type {
    std::string stream, type;
    Step step;
  };
  tl::expected<event_type, Failure> decode(const RecordedEvent& recorded) const {
    RecordedEvent as_step = recorded;
    as_step.type = Step::event_type;
    return JsonCodec<Step>{}.decode(as_step).map([&](auto&& step) {
      return event_type{std::string(recorded.stream), std::string(recorded.type), std::get<Step>(std::move(step))};
    });
  }
};

struct Incident {
  std::int64_t events{};
  std::string last;
  std::vector<std::string> teams, people;
  bool major{};
};
struct Moved {
  std::string last, team, who;
};
BOOST_DESCRIBE_STRUCT(Incident, (), (events, last, teams, people, major))
BOOST_DESCRIBE_STRUCT(Moved, (), (last, team, who))

struct Incidents {
  using State = Incident;
  using Delta = Moved;
  using codec = AnyStep;
  using view_codec = JsonViewCodec<State, Delta>;
  static constexpr const char* log = "bpic2013_incidents";
  static constexpr const char* table = "bpic2013_incidents.incident";

  std::int64_t code = 1;
  std::string name() const { return "incidents"; }
  std::int64_t version() const { return code; }
  EventFilter filter() const { return {.types = {"Accepted", "Completed", "Queued", "Unmatched"}}; }

  std::string keys(const AnyStep::event_type& event) const { return event.stream; }
  tl::expected<Change<Delta>, Failure> apply(State& incident, const AnyStep::event_type& event) const {
    ++incident.events;
    incident.last = event.type + '/' + event.step.sub;
    insert(incident.teams, event.step.team);
    insert(incident.people, event.step.who);
    incident.major = incident.major || event.step.impact == "Major";
    return changed(Moved{incident.last, event.step.team, event.step.who});
  }
  static std::string row(const std::string& key, const State& incident) {
    return key + '\t' + std::to_string(incident.events) + '\t' + incident.last + '\t' +
           std::to_string(incident.teams.size()) + '\t' + std::to_string(incident.people.size()) + '\t' +
           (incident.major ? '1' : '0');
  }
};

struct Product {
  std::int64_t events{};
  std::vector<std::string> incidents;
};
struct Touched {
  std::string incident;
};
BOOST_DESCRIBE_STRUCT(Product, (), (events, incidents))
BOOST_DESCRIBE_STRUCT(Touched, (), (incident))

struct Products {
  using State = Product;
  using Delta = Touched;
  using codec = AnyStep;
  using view_codec = JsonViewCodec<State, Delta>;
  static constexpr const char* log = "bpic2013_incidents";
  static constexpr const char* table = "bpic2013_incidents.per_product";

  std::int64_t code = 1;
  std::string name() const { return "products"; }
  std::int64_t version() const { return code; }
  EventFilter filter() const { return Incidents{}.filter(); }

  std::string keys(const AnyStep::event_type& event) const { return event.step.product; }
  /// In place: states are large, and nothing in it can fail.
  Change<Delta> apply(State& product, const AnyStep::event_type& event) const noexcept {
    ++product.events;
    insert(product.incidents, event.stream);
    return changed(Touched{event.stream});
  }
  static std::string row(const std::string& key, const State& product) {
    return key + '\t' + std::to_string(product.events) + '\t' + std::to_string(product.incidents.size());
  }
};

}  // namespace real
