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

CursorProgress::Places::iterator CursorProgress::place_of(std::string_view stream) {
  const auto place = places_.lower_bound(stream);
  if (place != places_.end() && place->first == stream) return place;
  return places_.emplace_hint(place, stream, Place());
}

void CursorProgress::reach(std::string_view stream, StreamVersion to, std::size_t writes) {
  const auto place = place_of(stream);
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

bool TroubledStreams::contains(std::string_view stream) const {
  const auto found = all_.find(stream);
  return found != all_.end() && found->second.error;
}

bool TroubledStreams::is_for_good(std::string_view stream) const {
  const auto found = all_.find(stream);
  return found != all_.end() && found->second.error && !found->second.due;
}

std::optional<ProjectionError> TroubledStreams::first_error() const {
  const auto first = std::ranges::find_if(all_, [](const auto& one) { return one.second.error.has_value(); });
  if (first == all_.end()) return std::nullopt;
  ProjectionError error = *first->second.error;
  if (set_aside_ > 1) error.what += " (and so did " + std::to_string(set_aside_ - 1) + " other streams)";
  return error;
}

void TroubledStreams::not_due(const Troubles::value_type& one) {
  if (one.second.due) due_.erase({*one.second.due, one.first});
}

std::uint32_t TroubledStreams::add(ProjectionError error) {
  Troubles::value_type& one = *all_.try_emplace(error.stream).first;
  not_due(one);
  one.second.due.reset();
  if (!one.second.error) ++set_aside_;
  one.second.error = std::move(error);
  return ++one.second.times;
}

void TroubledStreams::try_again_at(std::string_view stream, Instant due) {
  Troubles::value_type& one = *all_.find(stream);
  not_due(one);
  one.second.due = due;
  due_.emplace(due, one.first);
}

std::vector<std::string> TroubledStreams::take_due(Instant now) {
  std::vector<std::string> taken;
  while (!due_.empty() && due_.begin()->first <= now) {
    Troubles::value_type& one = *all_.find(due_.begin()->second);
    due_.erase(due_.begin());
    one.second.due.reset();
    one.second.error.reset();
    --set_aside_;
    taken.push_back(one.first);
  }
  return taken;
}

void TroubledStreams::forget(std::string_view stream) {
  if (all_.empty()) return;
  const auto found = all_.find(stream);
  // What comes of a page that was read before it was set aside does not bring it back.
  if (found != all_.end() && !found->second.error) all_.erase(found);
}

void TroubledStreams::clear() {
  due_.clear();
  all_.clear();
  set_aside_ = 0;
}

void StreamProgress::begin_round(Instant now) {
  changed_since = as_of;
  as_of.reset();
  listed_to.reset();
  listed = found_events = false;
  for (std::string& stream : troubled.take_due(now)) pending.push_back({.name = std::move(stream)});
}

void StreamProgress::begin_at(const StreamCursors& stored) {
  cursors.begin_at(stored);
  changed_since.reset();
  as_of.reset();
  listed_to.reset();
  listed = found_events = false;
  pending.clear();
  later.clear();
  troubled.clear();
}

void StreamProgress::read_again(const std::vector<std::string>& streams) {
  for (const std::string& stream : streams) {
    if (!troubled.contains(stream)) pending.push_back({.name = stream});
  }
}

void StreamProgress::pass_over_troubled() {
  if (troubled.none()) return;
  for (auto* queue : {&pending, &later}) {
    while (!queue->empty() && troubled.contains(queue->front().name)) queue->pop_front();
  }
}

}  // namespace lantern::detail
