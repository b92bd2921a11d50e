// What one simulated run is made of: a record of numbers that a seed fills in, and that can be printed, edited and
// read back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace lantern::testing {

/// What can happen to an effect. Where a fault makes no sense (a sleep whose reply is lost), it is not offered.
enum class Fault : std::uint8_t {
  none,
  crash_before,  ///< the process dies, and the effect is not performed
  crash_after,   ///< it is performed, and the process dies before it knows
  refused,       ///< a transient failure; it is not performed
  reply_lost,    ///< it is performed, and answered as failed; of a commit: as unknown
  not_done,      ///< of a commit: answered as unknown, and not performed
  broken,        ///< a failure for good; it is not performed
  power_lost,    ///< of a commit: the store dies in the middle of it, recovers, and the outcome is unknown
  late_done,     ///< of a commit: answered as unknown, and performed only later
  wrong_reply,   ///< before the right reply come one of another kind and one to another request
  slow,          ///< the reply takes longer than a lease lasts
  clock_back,    ///< the process is told an earlier instant than before
  stop,          ///< the run is asked to stop at its checkpoint
  stop_now,      ///< the run is asked to stop now
  malformed,     ///< of a page: it breaks the contract of pages (see malformed_pages.hpp)
};
inline constexpr std::uint32_t fault_classes = 15;  ///< with `none`

[[nodiscard]] std::string_view to_string(Fault) noexcept;

/// What one run is made of. Truth values are 0 or 1; times are in milliseconds of virtual time.
struct SimulationOptions {
  std::uint64_t seed{};  ///< of all chance

  std::uint32_t events{20};       ///< in the log, before it is extended by nobody any more
  std::uint32_t keys{4};          ///< among which the events choose
  std::uint32_t early_events{8};  ///< that are in the log before anybody starts; the others come while they run
  std::uint32_t log_chaos{};      ///< percent of steps of a producer that are not to write one event and commit it
  std::uint32_t page_cuts{};      ///< percent of pages that end early
  std::uint32_t headless{};       ///< the store cannot tell where its log ends
  std::uint32_t poison{};         ///< percent of events that fail for ever, for one of their keys
  std::uint32_t flaky{};          ///< percent of events that fail once or twice
  std::uint32_t unread{};         ///< percent of events that the projection does not read
  /// Events come through a message broker that loses, doubles, shuffles and delivers again, and restarts now and then.
  /// Then producers commit each event at once, and nobody rebuilds: a broker does not begin anew.
  std::uint32_t broker{};

  std::uint32_t processes{2};        ///< that run the projection; all but one of them stand by
  std::uint32_t by_store{};          ///< the store applies the events inside of its commits; else it is keyed
  std::uint32_t leases{1};           ///< the processes lead; without, there may be only one of them
  std::uint32_t upgrade{};           ///< a process that starts later than the first has newer code, and rebuilds
  std::uint32_t subscribers{};       ///< that follow the views
  std::uint32_t neighbour{};         ///< a second projection works on the same store, and nothing happens to it
  std::uint32_t observed{1};         ///< somebody watches the runs, and is told what they wait for
  std::uint32_t deaf{};              ///< hints that there are new events never arrive; else most of them are lost
  std::uint32_t page_events{10};     ///< events asked for at once
  std::uint32_t commit_events{};     ///< events in a commit; 0: a commit for each page
  std::uint32_t view_cache{10'000};  ///< views kept between batches
  std::uint32_t lease_ttl{10'000};
  std::uint32_t poll_interval{100};
  std::uint32_t event_retries{3};
  std::uint32_t store_retries{20};
  std::uint32_t poll_failures{5};
  std::uint32_t backoff{5};       ///< base of all backoffs; 0: the first rest is as long as any
  std::uint32_t backoff_cap{50};  ///< no rest after a failure is longer; 0 is 1

  std::uint32_t fault_percent{6};        ///< of effects that something happens to
  std::uint32_t schedule_percent{3};     ///< of steps in which another process than the next one is the next one
  std::uint32_t most_faults{1'000};      ///< after these, nothing happens any more
  std::uint32_t faults{(1U << 15) - 2};  ///< which faults there are: bit n for `Fault` number n
  std::uint32_t clock_jumps{};           ///< percent of steps in which the store's clock jumps
  std::uint32_t safety_steps{400};       ///< steps after which all is healed; faults are over then
  std::uint32_t exhaustive{};            ///< no chance: for `explore`
};

/// Turns the seed into a record: each knob and each class of faults is on or off, each with a chance of its own.
[[nodiscard]] SimulationOptions options_of_seed(std::uint64_t seed);

/// One `name = value` line for each member.
[[nodiscard]] std::string print_options(const SimulationOptions&);

/// Reads such lines; members that are not named keep their default. Empty lines, and what follows a `#`, are ignored.
/// An error names the line.
[[nodiscard]] tl::expected<SimulationOptions, std::string> parse_options(std::string_view text);

/// One member of the record.
struct OptionField {
  std::string_view name;
  std::uint32_t SimulationOptions::*member;
};
/// All of them but for the seed, in order.
[[nodiscard]] std::span<const OptionField> option_fields() noexcept;

}  // namespace lantern::testing
