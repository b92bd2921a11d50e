// Where a contract is tested: one world, and what is often done in it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "chance.hpp"
#include "expect.hpp"
#include "lantern/testing/conformance_world.hpp"

namespace lantern::detail {

/// What a walk through the log saw.
struct Walk {
  std::vector<EventPage> pages{};
  std::optional<Position> scanned_to{};
  [[nodiscard]] std::vector<std::string> data() const;
  [[nodiscard]] std::vector<Position> positions() const;
};

class Lab {
 public:
  using MakeWorld = std::function<std::unique_ptr<SuiteWorld>()>;
  Lab(const MakeWorld& make, Offers offers) : make_(make), offers_(offers), world_(make()) {}

  [[nodiscard]] const Offers& offers() const noexcept { return offers_; }

  /// The store that most contracts use; opened when first asked for.
  SuiteStore& store();
  /// Another store on the same database.
  std::unique_ptr<SuiteStore> open() { return world_->open(); }
  /// Closes `store()`, and opens it anew.
  SuiteStore& reopen();
  /// Begins anew, with an empty database.
  void another_world();

  void advance(std::chrono::nanoseconds by);
  /// How far the clock was moved.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept { return now_; }

  /// What is being tried, for the message: a seed, a name.
  void trying(std::string what) { trying_ = std::move(what); }
  [[nodiscard]] const std::string& trying() const noexcept { return trying_; }

  /// Performs an effect; a store that is busy is asked again, as the core would, for at most half a minute.
  template <Effect E>
  static typename E::reply perform(SuiteStore& store, const E& effect) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      auto reply = lantern::perform(store, effect);
      if (reply || !is_passing(reply.error()) || std::chrono::steady_clock::now() > deadline) return reply;
      std::this_thread::yield();
    }
  }
  template <Effect E>
  typename E::reply perform(const E& effect) {
    return perform(store(), effect);
  }

  /// Appends events that must be taken.
  Appended append(std::vector<NewEvent> events, std::vector<ExpectedVersion> expected = {});
  /// Appends one event for each text: `stream` and `type` as given, the text as data.
  void add(std::string_view stream, std::string_view type, const std::vector<std::string>& data);

  /// One page, checked against what was asked for.
  static EventPage read(SuiteStore& store, const ReadEvents& asked);
  EventPage read(const ReadEvents& asked) { return read(store(), asked); }
  /// Reads from `asked.after` to the head, page by page, as the core does. Each page is checked.
  static Walk walk(SuiteStore& store, ReadEvents asked);
  Walk walk(ReadEvents asked = {}) { return walk(store(), std::move(asked)); }

  /// The stored checkpoint's position.
  std::optional<Position> checkpoint(const ProjectionId& id) { return checkpoint(store(), id); }
  static std::optional<Position> checkpoint(SuiteStore& store, const ProjectionId& id);
  /// Moves a checkpoint; must be taken.
  void save(const ProjectionId& id, std::optional<Position> from, std::optional<Position> through);

 private:
  static bool is_passing(const Failure& failure) { return is_transient(failure.kind); }
  template <class... Reasons>
  static bool is_passing(const std::variant<Reasons...>& error) {
    const auto* failure = std::get_if<Failure>(&error);
    return failure && is_passing(*failure);
  }

  const MakeWorld& make_;
  Offers offers_;
  std::unique_ptr<SuiteWorld> world_;
  std::unique_ptr<SuiteStore> store_{};
  std::chrono::nanoseconds now_{};
  std::string trying_{};
};

/// Whether the filter lets the event through, said once more and independently of the core.
[[nodiscard]] bool lets_through(const EventFilter& filter, std::string_view stream, std::string_view type);

/// "first-0", "first-1", …
[[nodiscard]] std::vector<std::string> numbered(const std::string& first, std::size_t count);

/// Texts that look alike, look like code, or look like nothing, and are all good names; no two are the same.
[[nodiscard]] const std::vector<std::string>& odd_names();
/// Texts that are no names.
[[nodiscard]] const std::vector<std::string>& bad_names();

// ---- the table of contracts ----

/// What a contract needs beyond reading and checkpoints.
enum Needs : unsigned {
  nothing = 0,
  append = 1,
  clock = 2,
  leases = 4,
  writes = 8,
  quarantine = 16,
  hints = 32,
  views = 64,
  generations = 128,
  streams = 256,
};

struct Rule {
  const char* name;
  unsigned needs;
  void (*check)(Lab&);
};

[[nodiscard]] std::span<const Rule> append_rules();
[[nodiscard]] std::span<const Rule> checkpoint_rules();
[[nodiscard]] std::span<const Rule> generation_rules();
[[nodiscard]] std::span<const Rule> keyed_name_rules();
[[nodiscard]] std::span<const Rule> keyed_run_rules();
[[nodiscard]] std::span<const Rule> lease_rules();
[[nodiscard]] std::span<const Rule> name_rules();
[[nodiscard]] std::span<const Rule> page_rules();
[[nodiscard]] std::span<const Rule> race_rules();
[[nodiscard]] std::span<const Rule> reader_rules();
[[nodiscard]] std::span<const Rule> replace_rules();
[[nodiscard]] std::span<const Rule> role_rules();
[[nodiscard]] std::span<const Rule> run_rules();
[[nodiscard]] std::span<const Rule> scan_rules();
[[nodiscard]] std::span<const Rule> stream_rules();
[[nodiscard]] std::span<const Rule> switch_rules();
[[nodiscard]] std::span<const Rule> view_model_rules();
[[nodiscard]] std::span<const Rule> view_race_rules();
[[nodiscard]] std::span<const Rule> view_rules();
[[nodiscard]] std::span<const Rule> write_rules();

}  // namespace lantern::detail
