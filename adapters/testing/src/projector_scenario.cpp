#include "lantern/testing/projector_scenario.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace lantern::testing {
namespace {

using Passed = std::pair<std::int64_t, std::optional<std::string>>;  // position; key, or absent: as a whole
using FailedOnes = std::set<Passed>;

constexpr int patience = 100;  // tries of an event that fails for a while

/// A projector whose passing failures are noted: its events may be given up on.
class WatchedPort final : public detail::ForwardingPort {
 public:
  WatchedPort(std::unique_ptr<ProjectorPort> port, FailedOnes& failed)
      : ForwardingPort(std::move(port)), failed_(failed) {}

  FailureStrategy on_error(const FailureContext& context) override {
    if (is_transient(context.error.kind)) {
      failed_.emplace(context.position.value, context.key ? std::optional(std::string(*context.key)) : std::nullopt);
      failed_.emplace(context.position.value, std::nullopt);  // should it be skipped as a whole
    }
    return ForwardingPort::on_error(context);
  }

 private:
  FailedOnes& failed_;
};

/// The undisturbed run: one projector from the first event to the last, which gets every view anew for each event.
class UndisturbedFold final : public ReferenceFold {
 public:
  UndisturbedFold(std::unique_ptr<ProjectorPort> port, FailedOnes& failed)
      : port_(std::move(port)), keyed_(*port_->keyed()), filter_(port_->filter()), failed_(failed) {}

  void add(const RecordedEvent& event, std::span<const std::string> left_out) override {
    if (!filter_.matches(event)) return;
    bool done = fold(event, left_out, {});
    // It was recorded for a key for which it does not fail here. Whether it may be is for others to judge.
    const auto applied = [&](const std::string& key) { return !parked_.contains(key); };
    if (std::ranges::any_of(left_out, applied)) done = fold(event, left_out, left_out);
    if (done) {
      if (const auto views = keyed_.changes()) {
        for (const StoredView& view : *views) set(view.key, view.state, event.position);
      }
    }
    parked_.insert(left_out.begin(), left_out.end());
  }

  void pass(const RecordedEvent& event) override {
    if (!filter_.matches(event)) return;
    get_views(event, {}, {});
    if (keyed_.fold({&event, 1}, {}).failure) failed_.emplace(event.position.value, std::nullopt);
  }

 private:
  static bool has(std::span<const std::string> keys, const std::string& key) {
    return std::ranges::find(keys, key) != keys.end();
  }

  void get_views(const RecordedEvent& event, std::span<const std::string> left_out,
                 std::span<const std::string> before) {
    keyed_.forget();
    keyed_.prepare({&event, 1});
    LoadedViews found;
    for (const std::string& key : keyed_.missing()) {
      if (const StoredView* view = row(key)) {
        found.views.push_back(*view);
        found.views.back().schema_version = keyed_.version().schema;
      }
      if (has(before, key) || (has(left_out, key) && parked_.contains(key))) found.parked.push_back(key);
    }
    (void)keyed_.load(std::move(found));
  }

  /// False: the event fails, for ever or for a key that it is not recorded for, and changes nothing. `before`: keys
  /// that are parked before it is tried.
  bool fold(const RecordedEvent& event, std::span<const std::string> left_out, std::span<const std::string> before) {
    get_views(event, left_out, before);
    for (int tries = 0; tries < patience; ++tries) {
      const KeyedFold folded = keyed_.fold({&event, 1}, {});
      if (!folded.failure) return true;
      if (!folded.failed_key) {
        get_views(event, left_out, before);  // perhaps it can be decoded now
        continue;
      }
      if (!has(left_out, *folded.failed_key)) continue;
      failed_.emplace(event.position.value, folded.failed_key);
      QuarantineRecord record;
      record.position = event.position;
      if (!keyed_.park(std::move(record))) return false;
      parked_.insert(*folded.failed_key);
    }
    return false;
  }

  std::unique_ptr<ProjectorPort> port_;
  KeyedPort& keyed_;
  EventFilter filter_;
  FailedOnes& failed_;
  std::set<std::string, std::less<>> parked_{};
};

class PortProjection final : public SimulatedProjection {
 public:
  explicit PortProjection(detail::MakePort make) : make_(std::move(make)) {}

  std::unique_ptr<ProjectorPort> start(std::int64_t program) override {
    return std::make_unique<WatchedPort>(make_(program), failed_);
  }
  std::unique_ptr<ReferenceFold> reference(const CodeVersion& code) override {
    return std::make_unique<UndisturbedFold>(make_(code.program), failed_);
  }
  bool may_fail(const RecordedEvent& event, const std::string* key) override {
    return failed_.contains({event.position.value, key ? std::optional(*key) : std::nullopt});
  }

 private:
  detail::MakePort make_;
  FailedOnes failed_{};
};

void check_versions(const std::string& name, const detail::MakePort& make) {
  for (const std::int64_t program : {1, 2}) {
    const std::int64_t made = make(program)->keyed()->version().program;
    if (made == program) continue;
    throw std::invalid_argument("scenario " + name + ": the projector that is made for program " +
                                std::to_string(program) + " says that its version() is " + std::to_string(made) +
                                ": let version() return what the projector was made for");
  }
}

}  // namespace

namespace detail {

Scenario scenario_of_ports(std::string name, MakePort make, bool programs, MakeEvents events) {
  if (programs) check_versions(name, make);
  Scenario scenario;
  scenario.name = std::move(name);
  scenario.events = std::move(events);
  scenario.projection = [make = std::move(make)](const SimulationOptions&) -> std::unique_ptr<SimulatedProjection> {
    return std::make_unique<PortProjection>(make);
  };
  scenario.narrow = [programs](SimulationOptions options) {
    options.by_store = options.poison = options.flaky = 0;  // what fails is for the projector to say
    if (!programs) options.upgrade = 0;
    return options;
  };
  return scenario;
}

MakeEvents events_by_seed(std::function<NewEvent(RandomBits&)> make) {
  return [make = std::move(make)](const SimulationOptions& options) {
    RandomBits chance(options.seed ^ 0x5EED0FE7E47ULL);
    std::vector<NewEvent> events;
    events.reserve(options.events);
    for (std::uint32_t n = 0; n < options.events; ++n) events.push_back(make(chance));
    return events;
  };
}

std::string unreadable_view(const std::string& key, const Failure& why) {
  return "the view " + key + " cannot be read: " + to_string(why);
}

}  // namespace detail
}  // namespace lantern::testing
