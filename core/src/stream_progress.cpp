#include "stream_progress.hpp"

#include <algorithm>
#include <utility>

namespace lantern::detail {

std::optional<StreamVersion> CursorProgress::reached(std::string_view stream) const {
  const auto found = places_.find(stream);
  return found == places_.end() ? std::nullopt : found->second.reached;
}

StreamCursors CursorProgress::stored() const {
  StreamCursors cursors;
  for (const auto& [stream, place] : places_) {
    if (place.stored) cursors.advance(stream, *place.stored);
  }
  return cursors;
}

void CursorProgress::begin_at(const StreamCursors& stored) {
  log_.clear();
  places_.clear();
  for (const auto& [stream, version] : stored) places_.emplace_hint(places_.end(), stream, Place{version, version});
}

void CursorProgress::reach(const std::string& stream, StreamVersion to, std::size_t writes) {
  const auto place = places_.try_emplace(stream).first;
  if (place->second.reached == to) return;
  log_.push_back({place, std::exchange(place->second.reached, to), writes});
}

std::vector<CursorMove> CursorProgress::changes() const {
  std::vector<CursorMove> changes;
  for (const Move& move : log_) {
    const Place& place = move.of->second;
    // The first of several moves of one stream began where it is stored.
    if (move.before == place.stored) changes.push_back({move.of->first, place.stored, *place.reached});
  }
  return changes;
}

void CursorProgress::committed() {
  for (const Move& move : log_) move.of->second.stored = move.of->second.reached;
  log_.clear();
}

std::vector<std::string> CursorProgress::take_back_to(std::size_t writes) {
  std::vector<std::string> set_back;
  while (!log_.empty() && log_.back().writes > writes) {
    log_.back().of->second.reached = log_.back().before;
    set_back.push_back(log_.back().of->first);
    log_.pop_back();
  }
  return set_back;
}

std::vector<std::string> CursorProgress::take_back_all() {
  std::vector<std::string> set_back;
  for (const Move& move : log_) {
    move.of->second.reached = move.of->second.stored;
    set_back.push_back(move.of->first);
  }
  log_.clear();
  return set_back;
}

bool CursorProgress::stands_at(const StreamCursors& found, std::optional<StreamVersion> Place::*which) const {
  return std::ranges::all_of(log_,
                             [&](const Move& move) { return found.of(move.of->first) == move.of->second.*which; });
}

bool StreamProgress::is_set_aside(std::string_view stream) const {
  const auto found = troubled.find(stream);
  return found != troubled.end() && found->second.error;
}

void StreamProgress::begin_round(Instant now) {
  changed_since = as_of;
  as_of.reset();
  listed_to.reset();
  listed = found_events = false;
  for (auto& [stream, trouble] : troubled) {
    if (trouble.due > now) continue;
    trouble.error.reset();
    trouble.tries = 0;
    pending.push_back({stream, std::nullopt});
  }
}

bool StreamProgress::any_set_aside() const noexcept {
  return std::ranges::any_of(troubled, [](const auto& one) { return one.second.error.has_value(); });
}

void StreamProgress::begin_at(const StreamCursors& stored) {
  cursors.begin_at(stored);
  changed_since.reset();
  as_of.reset();
  listed_to.reset();
  listed = found_events = false;
  pending.clear();
  troubled.clear();
}

void StreamProgress::read_again(const std::vector<std::string>& streams) {
  for (const std::string& stream : streams) {
    if (!is_set_aside(stream)) pending.push_back({stream, std::nullopt});
  }
}

}  // namespace lantern::detail
