// Projectors with keys for tests. What they fold is a chain of hashes: neither commutative nor idempotent, so no
// repetition, loss or change of order can hide.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "view_model.hpp"

namespace lantern::testing {

/// One link of the chain. Small hashes and small positions are kept apart: 0 and position 1 must not meet as they would
/// by chance.
inline std::uint64_t link(std::uint64_t hash, std::int64_t position) {
  return ((hash + 0x9e3779b97f4a7c15) ^ static_cast<std::uint64_t>(position)) * 0x100000001b3 + 1;
}

/// Text codec: a state is its hash, a delta its position.
struct ChainCodec {
  std::string encode_state(std::uint64_t hash) const { return std::to_string(hash); }
  std::string encode_delta(std::int64_t position) const { return std::to_string(position); }
  tl::expected<std::uint64_t, Failure> decode_state(std::string_view bytes) const {
    if (bytes.empty() || bytes.find_first_not_of("0123456789") != bytes.npos) {
      return tl::unexpected(Failure(FailureKind::undecodable, "no number"));
    }
    return std::stoull(std::string(bytes));
  }
};

/// The words of an event's data, separated by spaces, are its keys. A word that ends with `!` erases its view, one that
/// ends with `=` leaves it unchanged.
struct Chain {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  using view_codec = ChainCodec;

  std::int64_t code = 1;
  /// By position and key: how many more times `apply` fails; -1: for ever.
  std::map<std::pair<std::int64_t, std::string>, int> fails{};
  std::map<std::int64_t, int> keys_fail{};  ///< the same, of `keys`
  FailureStrategy strategy = FailureStrategy::Fatal;

  std::vector<std::optional<std::string>> failed_keys{};  ///< what on_error was given
  std::size_t keys_asked{};

  std::string name() const { return "p"; }
  std::int64_t version() const { return code; }

  static bool fails_now(int& planned) {
    if (planned == 0) return false;
    if (planned > 0) --planned;
    return true;
  }

  std::vector<std::string> keys(const RecordedEvent& event) {
    ++keys_asked;
    if (const auto planned = keys_fail.find(event.position.value); planned != keys_fail.end()) {
      if (fails_now(planned->second)) throw std::runtime_error("no keys");
    }
    return words(event.data, true);
  }

  tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event, const ViewAt& at) {
    state = link(state + static_cast<std::uint64_t>(code), event.position.value);  // before it fails, on purpose
    if (const auto planned = fails.find({event.position.value, std::string(at.key)}); planned != fails.end()) {
      if (fails_now(planned->second)) return tl::unexpected(Failure(FailureKind::rejected, "cannot take it"));
    }
    for (const std::string& word : words(event.data, false)) {
      if (word == std::string(at.key) + "!") return erased;
      if (word == std::string(at.key) + "=") return unchanged;
    }
    return changed(event.position.value);
  }

  FailureStrategy on_error(const FailureContext& context) {
    failed_keys.emplace_back(context.key);
    return strategy;
  }

  static std::vector<std::string> words(std::string_view data, bool bare) {
    std::vector<std::string> found;
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t end = std::min(data.find(' ', at), data.size());
      std::string word(data.substr(at, end - at));
      if (bare && (word.ends_with('!') || word.ends_with('='))) word.pop_back();
      if (!word.empty()) found.push_back(std::move(word));
      at = end + 1;
    }
    return found;
  }
};

/// What a view is after a fold that knows nothing of effects. Absent: it was never made.
struct Expected {
  std::optional<std::uint64_t> state{};
  std::int64_t version{};
  std::int64_t position{};
  std::vector<std::int64_t> changes{};  ///< positions of all changes, in order
};

/// Events with these keys are left out for them.
using LeftOut = std::set<std::pair<std::int64_t, std::string>>;

/// The fold of the log up to `through`.
inline std::map<std::string, Expected> naive_fold(const std::vector<ViewModel::Event>& log,
                                                  std::optional<Position> through, std::int64_t code = 1,
                                                  const LeftOut& left_out = {}) {
  std::map<std::string, Expected> views;
  for (const auto& event : log) {
    if (!through || event.position > through->value) break;
    std::set<std::string> seen;
    for (const std::string& word : Chain::words(event.data, false)) {
      const std::string key = word.ends_with('!') || word.ends_with('=') ? word.substr(0, word.size() - 1) : word;
      if (!seen.insert(key).second || left_out.contains({event.position, key})) continue;
      const bool known = views.contains(key);
      if (word.ends_with('=')) continue;
      if (word.ends_with('!') && (!known || !views[key].state)) continue;
      Expected& view = views[key];
      const auto before = view.state.value_or(0);
      if (word.ends_with('!')) view.state.reset();
      else view.state = link(before + static_cast<std::uint64_t>(code), event.position);
      ++view.version;
      view.position = event.position;
      view.changes.push_back(event.position);
    }
  }
  return views;
}

/// What is stored is that fold, row for row; else what is wrong.
inline std::string difference(const std::map<std::string, StoredView>& stored,
                              const std::map<std::string, Expected>& expected) {
  if (stored.size() != expected.size()) {
    return std::to_string(stored.size()) + " views are stored, not " + std::to_string(expected.size());
  }
  for (const auto& [key, view] : expected) {
    const auto found = stored.find(key);
    if (found == stored.end()) return "the view of " + key + " is missing";
    const auto state = view.state ? std::optional(std::to_string(*view.state)) : std::nullopt;
    if (found->second.state != state) return "the state of " + key + " is " + found->second.state.value_or("erased");
    if (found->second.version != view.version) return "the version of " + key + " is wrong";
    if (found->second.position != Position{view.position}) return "the position of " + key + " is wrong";
  }
  return {};
}

/// A log of events with these keys, at positions 1, 2, …
inline ViewModel store_of(const std::vector<std::string>& data) {
  ViewModel store;
  for (const auto& text : data) {
    store.log.push_back({static_cast<std::int64_t>(store.log.size()) + 1, "T", text});
  }
  return store;
}

/// Answers what is asked from the store until the run has ended; writes down what was asked, if `trace` is there.
template <class Store>
Finished drive(Step step, Store& store, std::vector<std::string>* trace = nullptr) {
  Instant now{};
  for (int effects = 0; !step.finished(); ++effects) {
    if (effects > 10'000) throw std::runtime_error("the run goes on for ever");
    if (trace) {
      std::ostringstream line;
      line << step;
      trace->push_back(std::move(line).str());
    }
    step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
      return std::move(request).answer(std::move(reply), now);
    });
  }
  return std::move(*step.finished());
}

template <class P, class Store>
Finished run(P& projector, Store& store, ProjectionConfig config = {}, std::vector<std::string>* trace = nullptr) {
  return drive(ProjectionPipeline(projector, std::move(config)).start(Instant{}), store, trace);
}

}  // namespace lantern::testing
