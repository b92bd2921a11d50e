// Parts of how a projector with keys is seen: an event between its decoding and its application.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lantern/projector_binding.hpp"

namespace lantern::detail {

/// The view of this key cannot be encoded; called from within a catch block.
[[nodiscard]] Failure unencodable(std::string_view key);
/// An event asks for something that cannot be a key, if it is so.
[[nodiscard]] std::optional<Failure> misnamed(std::string_view key);
/// A record for one key of an event. The reason: it waits, or, if that is given, why its view cannot be read.
[[nodiscard]] QuarantineRecord record_for(const RecordedEvent& event, const std::string& key,
                                          const Failure* unreadable);

/// An event that is decoded, and whose keys are known, but not yet applied.
template <class P>
struct PreparedEvent {
  tl::expected<DecodedEvent<P>, Failure> event = tl::unexpected(Failure());
  std::size_t begin{}, count{};  ///< its views, among those of all
  bool not_read{};               ///< it became an event of a type that the projector does not read
  [[no_unique_address]] std::conditional_t<UpcastsEvents<P>, std::optional<Upcasted>, NoUpdater> updated{};

  /// As it is today.
  [[nodiscard]] const RecordedEvent& current(const RecordedEvent& recorded) const {
    if constexpr (UpcastsEvents<P>) return updated ? updated->event() : recorded;
    else return recorded;
  }
  /// False: there is nothing to decode.
  [[nodiscard]] bool take(tl::expected<std::optional<Upcasted>, Failure> made) requires UpcastsEvents<P> {
    if (!made) event = tl::unexpected(std::move(made).error());
    else updated = *std::move(made);
    not_read = made && !updated;
    return updated.has_value();
  }
};

}  // namespace lantern::detail
