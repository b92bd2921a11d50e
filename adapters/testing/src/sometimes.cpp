#include "lantern/testing/sometimes.hpp"

#include <algorithm>

namespace lantern::testing {
namespace {

constexpr std::array<std::string_view, mark_count> names{"crashed_in_commit",
                                                         "unknown_was_done",
                                                         "unknown_was_not_done",
                                                         "late_commit_refused",
                                                         "power_lost_undone",
                                                         "power_lost_done",
                                                         "stale_commit_refused",
                                                         "took_over",
                                                         "stood_by",
                                                         "moved_checkpoint",
                                                         "quarantined_key",
                                                         "waited_behind_parked",
                                                         "quarantined_event",
                                                         "retried_event",
                                                         "run_failed",
                                                         "run_stopped",
                                                         "rebuilt",
                                                         "refused_behind_active",
                                                         "rebuild_taken_over",
                                                         "gap_in_the_log",
                                                         "waited_for_writer",
                                                         "empty_page_moved_on",
                                                         "channel_troubled",
                                                         "followers_settled",
                                                         "wrong_reply_refused",
                                                         "lease_expired_by_clock",
                                                         "malformed_page_refused",
                                                         "redelivered",
                                                         "broker_restarted",
                                                         "told_of_a_gap",
                                                         "worked_side_by_side",
                                                         "found_unheard",
                                                         "healed_and_caught_up"};

}  // namespace

std::string_view to_string(Mark mark) noexcept { return names[static_cast<std::size_t>(mark)]; }

std::vector<Mark> Marks::missing() const {
  std::vector<Mark> never;
  for (std::size_t n = 0; n < mark_count; ++n) {
    if (const auto mark = static_cast<Mark>(n); !has(mark)) never.push_back(mark);
  }
  return never;
}

bool Sometimes::operator()(std::string_view name) noexcept {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) return false;
  ++counts_[static_cast<std::size_t>(found - names_.begin())];
  return true;
}

std::uint64_t Sometimes::count(std::string_view name) const noexcept {
  const auto found = std::ranges::find(names_, name);
  return found == names_.end() ? 0 : counts_[static_cast<std::size_t>(found - names_.begin())];
}

std::vector<std::string> Sometimes::missing() const {
  std::vector<std::string> never;
  for (std::size_t n = 0; n < names_.size(); ++n) {
    if (counts_[n] == 0) never.push_back(names_[n]);
  }
  return never;
}

}  // namespace lantern::testing
