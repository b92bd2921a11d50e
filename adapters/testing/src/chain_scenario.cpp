// lantern's own scenario: what its projection does, and, written once more and differently, what must come of it.
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "lantern/keyed_binding.hpp"
#include "lantern/testing/simulation.hpp"

namespace lantern::testing {
namespace {

// Types of events. What is usual has one letter.
constexpr std::string_view fails_for_ever = "poison", fails_at_first = "flaky", not_read = "other", usual = "T";

/// 60 bits as text: short enough to need no memory of its own.
std::string text_of(std::uint64_t hash) {
  char text[15];
  for (std::size_t digit = 15; digit-- > 0; hash >>= 4) text[digit] = "0123456789abcdef"[hash & 15];
  return {text, sizeof text};
}

struct ChainCodec {
  [[nodiscard]] std::string encode_state(std::uint64_t hash) const { return text_of(hash); }
  [[nodiscard]] std::string encode_delta(std::uint64_t link) const { return std::to_string(link); }
  [[nodiscard]] tl::expected<std::uint64_t, Failure> decode_state(std::string_view bytes) const {
    std::uint64_t hash = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), hash, 16);
    if (error == std::errc{} && end == bytes.data() + bytes.size()) return hash;
    return tl::unexpected(Failure(FailureKind::undecodable, "no chain: " + std::string(bytes)));
  }
};

/// What an event adds to a chain, and the chain with it.
constexpr std::uint64_t link_of(Position position, std::int64_t program) {
  return static_cast<std::uint64_t>(position.value + program * 1000);
}
constexpr std::uint64_t linked(std::uint64_t hash, std::uint64_t link) {
  return ((hash ^ link) * 0x2545F4914F6CDD1D + 1) >> 4;
}

/// What a subscriber does with a delta.
std::string patched(std::string state, const std::string& payload) {
  const std::uint64_t hash = state.empty() ? 0 : *ChainCodec().decode_state(state);
  return text_of(linked(hash, std::stoull(payload)));
}

/// How often an event that fails at first has failed; outlives the processes, so that it fails no more often than that.
using FailedSoFar = std::map<std::int64_t, std::uint32_t>;
constexpr std::uint32_t flaky_failures = 2;

/// The keys of one event, without memory of their own.
struct Keys {
  std::array<std::string_view, 2> all{};
  std::size_t count{};
  [[nodiscard]] const std::string_view* begin() const { return all.data(); }
  [[nodiscard]] const std::string_view* end() const { return all.data() + count; }
};

/// An event's data are its keys, two at most, separated by spaces; one that ends with `!` is erased. What fails, fails
/// for the first.
struct Chain {
  using State = std::uint64_t;
  using Delta = std::uint64_t;
  using view_codec = ChainCodec;

  std::int64_t program;
  FailedSoFar* failed;
  EventFilter events;

  [[nodiscard]] std::string name() const { return "chain"; }
  [[nodiscard]] std::int64_t version() const { return program; }
  [[nodiscard]] EventFilter filter() const { return events; }

  [[nodiscard]] Keys keys(const RecordedEvent& event) const {
    Keys found;
    std::string_view data = event.data;
    while (!data.empty()) {
      const auto end = std::min(data.find(' '), data.size());
      std::string_view word = data.substr(0, end);
      if (word.ends_with('!')) word.remove_suffix(1);
      found.all.at(found.count++) = word;
      data.remove_prefix(std::min(end + 1, data.size()));
    }
    return found;
  }

  [[nodiscard]] tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event,
                                                           const ViewAt& at) const {
    state = linked(state, link_of(event.position, program));
    if (auto refused = refuses(event, at.key)) return tl::unexpected(*std::move(refused));
    const auto found = event.data.find(at.key);
    const auto after = found + at.key.size();
    if (after < event.data.size() && event.data[after] == '!') return erased;
    return changed(link_of(event.position, program));
  }

  /// What fails, fails for the event's first key, after the state was changed.
  [[nodiscard]] std::optional<Failure> refuses(const RecordedEvent& event, std::string_view key) const {
    if (event.type.size() == 1 || !event.data.starts_with(key)) return std::nullopt;
    if (event.type == fails_for_ever) return Failure(FailureKind::rejected, "poison");
    if (event.type == fails_at_first && (*failed)[event.position.value]++ < flaky_failures) {
      return Failure(FailureKind::unavailable, "not yet");
    }
    return std::nullopt;
  }

  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

/// The same by statements of the store.
struct ChainByStore {
  static constexpr bool applied_by_store = true;
  EventFilter events{};
  [[nodiscard]] std::string name() const { return "chain"; }
  [[nodiscard]] EventFilter filter() const { return events; }
  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

/// Folds with maps and sets of its own.
class ChainFold final : public ReferenceFold {
 public:
  explicit ChainFold(std::int64_t program) : program_(static_cast<std::uint64_t>(program)) {}

  void add(const RecordedEvent& event, std::span<const std::string> left_out) override {
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= event.data.size(); ++at) {
      if (at < event.data.size() && event.data[at] != ' ') continue;
      std::string_view key = event.data.substr(begin, at - begin);
      begin = at + 1;
      const bool erase = !key.empty() && key.back() == '!';
      if (erase) key.remove_suffix(1);
      bool skipped = key.empty();
      for (const std::string& one : left_out) skipped = skipped || one == key;
      if (!skipped) fold(event, key, erase);
    }
  }

 private:
  void fold(const RecordedEvent& event, std::string_view key, bool erase) {
    const StoredView* before = row(key);
    const bool is_there = before && before->state;
    if (erase && !is_there) return;  // nothing to erase: nothing changes
    if (erase) return set(key, std::nullopt, event.position);
    std::uint64_t hash = 0;
    if (is_there) {
      for (const char digit : *before->state) {
        hash = hash * 16 + static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
      }
    }
    hash ^= static_cast<std::uint64_t>(event.position.value) + program_ * 1000;
    hash = (hash * 0x2545F4914F6CDD1D + 1) / 16;
    set(key, text_of(hash), event.position);
  }

  std::uint64_t program_;
};

class ChainProjection final : public SimulatedProjection {
 public:
  explicit ChainProjection(const SimulationOptions& options)
      : by_store_(options.by_store != 0), flaky_may_fail_(options.event_retries < flaky_failures) {
    if (options.unread == 0) return;
    for (const std::string_view type : {fails_for_ever, fails_at_first, usual}) {
      old_.events.types.emplace_back(type);
    }
    new_.events = chain_by_store_.events = old_.events;
  }

  std::unique_ptr<ProjectorPort> start(std::int64_t program) override {
    if (by_store_) return bind_projector(chain_by_store_);
    if (program == 1) return bind_projector(old_);
    return bind_projector(new_);
  }
  std::unique_ptr<ReferenceFold> reference(const CodeVersion& code) override {
    return std::make_unique<ChainFold>(code.program);
  }
  bool may_fail(const RecordedEvent& event, const std::string* key) override {
    if (event.type == fails_at_first && !flaky_may_fail_) return false;
    return event.type.size() != 1 && (!key || event.data.starts_with(*key));
  }
  bool reads(const RecordedEvent& event) override { return event.type != not_read; }
  tl::expected<void, Failure> write(const RecordedEvent& event) override {
    if (auto refused = old_.refuses(event, "")) return tl::unexpected(*std::move(refused));
    return {};
  }

 private:
  bool by_store_;
  bool flaky_may_fail_;
  FailedSoFar failed_{};
  Chain old_{1, &failed_, {}};
  Chain new_{2, &failed_, {}};
  ChainByStore chain_by_store_{};
};

std::vector<NewEvent> chain_events(const SimulationOptions& options) {
  RandomBits random(options.seed ^ 0x77EC1A51ULL);
  static constexpr std::string_view names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  const std::uint32_t keys = std::clamp<std::uint32_t>(options.keys, 1, 8);
  std::vector<NewEvent> events(options.events);
  for (NewEvent& event : events) {
    const std::uint32_t first = random.below(keys);
    event.stream = names[first];
    event.data = names[first];
    const std::uint32_t shape = random.below(10);
    if (shape == 0) event.data += '!';
    if (shape == 1 && keys > 1) event.data.append(" ").append(names[(first + 1) % keys]);
    const std::uint32_t luck = random.below(100);
    if (luck < options.poison) event.type = fails_for_ever;
    else if (luck < options.poison + options.flaky) event.type = fails_at_first;
    else if (luck < options.poison + options.flaky + options.unread) event.type = not_read;
    else event.type = usual;
  }
  return events;
}

}  // namespace

SimulatedProjection::~SimulatedProjection() = default;

const Scenario& chain_scenario() {
  static const Scenario scenario{"chain", chain_events,
                                 [](const SimulationOptions& options) -> std::unique_ptr<SimulatedProjection> {
                                   return std::make_unique<ChainProjection>(options);
                                 },
                                 patched};
  return scenario;
}

}  // namespace lantern::testing
