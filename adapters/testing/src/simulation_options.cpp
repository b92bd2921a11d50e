#include "lantern/testing/simulation_options.hpp"

#include <algorithm>
#include <charconv>

#include "lantern/testing/choices.hpp"

namespace lantern::testing {
namespace {

using O = SimulationOptions;

constexpr OptionField fields[] = {
    {"events", &O::events},
    {"keys", &O::keys},
    {"early_events", &O::early_events},
    {"log_chaos", &O::log_chaos},
    {"page_cuts", &O::page_cuts},
    {"headless", &O::headless},
    {"poison", &O::poison},
    {"flaky", &O::flaky},
    {"unread", &O::unread},
    {"broker", &O::broker},
    {"processes", &O::processes},
    {"by_store", &O::by_store},
    {"leases", &O::leases},
    {"upgrade", &O::upgrade},
    {"subscribers", &O::subscribers},
    {"neighbour", &O::neighbour},
    {"observed", &O::observed},
    {"deaf", &O::deaf},
    {"page_events", &O::page_events},
    {"commit_events", &O::commit_events},
    {"view_cache", &O::view_cache},
    {"lease_ttl", &O::lease_ttl},
    {"poll_interval", &O::poll_interval},
    {"event_retries", &O::event_retries},
    {"store_retries", &O::store_retries},
    {"poll_failures", &O::poll_failures},
    {"backoff", &O::backoff},
    {"backoff_cap", &O::backoff_cap},
    {"fault_percent", &O::fault_percent},
    {"schedule_percent", &O::schedule_percent},
    {"most_faults", &O::most_faults},
    {"faults", &O::faults},
    {"clock_jumps", &O::clock_jumps},
    {"safety_steps", &O::safety_steps},
    {"exhaustive", &O::exhaustive},
};

/// Knobs that are at their limit in one half of the runs.
struct Knobs {
  RandomBits random;
  std::uint32_t either(std::uint32_t usual, std::uint32_t odd) { return random.below(2) == 0 ? usual : odd; }
  std::uint32_t one_of(std::initializer_list<std::uint32_t> values) {
    return values.begin()[random.below(static_cast<std::uint32_t>(values.size()))];
  }
};

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const auto first = text.find_first_not_of(blank);
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace

std::span<const OptionField> option_fields() noexcept { return fields; }

std::string_view to_string(Fault fault) noexcept {
  constexpr std::string_view names[fault_classes] = {
      "none",      "crash_before", "crash_after", "refused",    "reply_lost", "not_done", "broken",   "power_lost",
      "late_done", "wrong_reply",  "slow",        "clock_back", "stop",       "stop_now", "malformed"};
  return names[static_cast<std::size_t>(fault)];
}

SimulationOptions options_of_seed(std::uint64_t seed) {
  Knobs knobs{RandomBits(seed ^ 0x6C616E7465726E21ULL)};
  O made;
  made.seed = seed;
  made.keys = knobs.one_of({1, 3, 5});
  made.early_events = knobs.one_of({0, 8, 20});
  made.log_chaos = knobs.either(0, 50);
  made.page_cuts = knobs.either(0, 25);
  made.headless = knobs.random.below(4) == 0;
  made.poison = knobs.either(0, 8);
  made.flaky = knobs.either(0, 15);
  made.unread = knobs.one_of({0, 0, 30});
  made.processes = knobs.one_of({1, 2, 3});
  made.by_store = knobs.random.below(4) == 0;
  made.leases = made.processes > 1 || knobs.random.below(2) == 0;
  made.upgrade = knobs.random.below(4) == 0 && made.by_store == 0;
  made.subscribers = knobs.random.below(4) == 0 && made.by_store == 0;
  made.page_events = knobs.one_of({1, 3, 7, 100});
  made.commit_events = knobs.one_of({0, 0, 1, 4});
  made.view_cache = knobs.either(10'000, 1);
  made.lease_ttl = knobs.random.below(32) == 0 ? 1 : knobs.one_of({10'000, 10'000, 1'000, 100});
  made.event_retries = knobs.one_of({3, 1, 0});
  made.store_retries = knobs.one_of({20, 1, 0});
  made.poll_failures = knobs.one_of({5, 1});
  made.backoff = knobs.either(5, 0);
  made.backoff_cap = knobs.either(50, 7);
  made.fault_percent = knobs.one_of({3, 6, 12});
  made.schedule_percent = knobs.one_of({0, 3, 15});
  made.clock_jumps = knobs.random.below(4) == 0;
  made.faults = static_cast<std::uint32_t>(knobs.random.next()) & ((1U << fault_classes) - 2);
  // What came later is drawn last, so that a seed keeps what it was.
  made.broker = knobs.random.below(8) == 0 && made.log_chaos == 0 && made.upgrade == 0;
  made.neighbour = knobs.random.below(8) == 0;
  made.observed = knobs.random.below(4) == 0;
  made.deaf = knobs.either(0, 1);
  return made;
}

std::string print_options(const SimulationOptions& options) {
  std::string text = "seed = " + std::to_string(options.seed) + '\n';
  for (const auto& [name, member] : fields) {
    text += name;
    text += " = " + std::to_string(options.*member);
    if (member == &O::faults) {
      text += "  #";
      for (std::uint32_t n = 1; n < fault_classes; ++n) {
        if ((options.faults >> n & 1) != 0) text.append(" ").append(to_string(static_cast<Fault>(n)));
      }
    }
    text += '\n';
  }
  return text;
}

tl::expected<SimulationOptions, std::string> parse_options(std::string_view text) {
  O options;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto wrong = [&](const std::string& why) {
      return tl::unexpected("line " + std::to_string(number) + ": " + why);
    };
    const auto equals = line.find('=');
    if (equals == line.npos) return wrong("expected `name = number`, found `" + std::string(line) + "`");
    const auto name = trimmed(line.substr(0, equals));
    const auto value = trimmed(line.substr(equals + 1));
    if (name == "seed") {
      if (!parse_number(value, options.seed)) return wrong("`" + std::string(value) + "` is no seed");
      continue;
    }
    const auto field = std::ranges::find(fields, name, &OptionField::name);
    if (field == std::end(fields)) return wrong("there is no option `" + std::string(name) + "`");
    if (!parse_number(value, options.*(field->member))) {
      return wrong("`" + std::string(value) + "` is no number from 0 to 4294967295");
    }
  }
  return options;
}

}  // namespace lantern::testing
