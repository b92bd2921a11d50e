// The log: events in the order in which they were appended.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "growing.hpp"
#include "lantern/effects.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern::detail {

class Log {
 public:
  explicit Log(std::optional<LogIdentity> identity) : identity_(identity) {}

  /// `time` stamps events without a time of their own.
  [[nodiscard]] AppendEvents::reply append(const AppendEvents& batch, std::string_view time);
  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked) const;
  [[nodiscard]] ListStreams::reply list(const ListStreams& asked) const;
  [[nodiscard]] ReadStream::reply read(const ReadStream& asked) const;
  [[nodiscard]] std::optional<Position> head() const;

 private:
  using Refusal = AppendEvents::reply::error_type;

  [[nodiscard]] static std::optional<Position> position_of(std::int64_t count) noexcept;
  [[nodiscard]] PositionList::View positions_in(std::string_view stream) const;
  [[nodiscard]] std::optional<StreamExtent> extent(std::string_view stream, std::int64_t count) const;
  [[nodiscard]] std::int64_t version_of(std::string_view stream) const;
  [[nodiscard]] std::optional<Refusal> find_new(const AppendEvents& batch, std::vector<bool>& is_new) const;
  [[nodiscard]] std::optional<Refusal> refuse_versions(const AppendEvents& batch,
                                                       const std::vector<bool>& is_new) const;
  void add(const NewEvent& event, std::string_view time);
  void take_back_to(std::int64_t position) noexcept;

  // Readers never make a writer wait, but for the moment in which they look a stream up: they read what is published,
  // which never changes.
  std::mutex appending_;        ///< one append at a time; of what follows, appends alone change anything
  mutable std::mutex finding_;  ///< guards the map of streams, for as long as finding one takes
  const std::optional<LogIdentity> identity_;
  EventList events_;  ///< the keys below are views into its texts
  std::unordered_map<std::string_view, PositionList> by_stream_;
  std::set<std::string_view> names_;                          ///< of the streams, to be listed
  std::unordered_map<std::string_view, std::int64_t> by_id_;  ///< of appends alone
};

}  // namespace lantern::detail
