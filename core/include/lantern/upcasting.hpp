// Old events in today's shape: the functions that bring them there, one version at a time.
//
//     tl::expected<Upcasters, Failure> upcasters = Upcasters::of({
//         upcast("Deposited", 1, [](std::string_view payload) { return with_currency(payload); }),
//         upcast("Deposited", 2, [](std::string_view payload) { return in_cents(payload); }),
//         upcast({"Opened", 1}, {"AccountOpened", 1}, same_payload),
//     });
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/event.hpp"
#include "lantern/failure.hpp"

namespace lantern {

/// What an event is called, and which version of its payload's shape it has.
struct EventShape {
  std::string type{};
  std::int32_t version{1};  ///< from 1
  friend auto operator<=>(const EventShape&, const EventShape&) = default;
};

/// The payload in the next shape, made of an event in the one before. May fail, may throw. It must be pure: the same
/// event, the same payload; nothing else makes a rebuild equal the live run.
using UpcastFunction = std::function<tl::expected<std::string, Failure>(const RecordedEvent&)>;

/// One step of a chain. See `upcast` for how to make one.
struct UpcastStep {
  EventShape from{};
  EventShape to{};
  UpcastFunction payload{};
};

/// Which versions of a type there are in the log, where the steps alone do not tell.
struct EventVersions {
  std::string type{};
  std::int32_t newest{1};  ///< what the program reads; no step may lead beyond it
  std::int32_t oldest{1};  ///< the log has none before this one, so no step is needed for those
};

namespace detail {

template <class F, class Argument>
concept MakesPayload = std::invocable<F&, Argument>;

template <class Made>
tl::expected<std::string, Failure> payload_from(Made&& made) {
  if constexpr (std::convertible_to<Made&&, std::string>) {
    return std::string(std::forward<Made>(made));
  } else {
    static_assert(
        requires { typename std::remove_cvref_t<Made>::error_type; },
        "an upcaster must return a std::string, or tl::expected<std::string, E>");
    using Error = typename std::remove_cvref_t<Made>::error_type;
    static_assert(std::convertible_to<Error, Failure> || std::constructible_from<std::string, Error>,
                  "an upcaster's error must be lantern::Failure, or convert to std::string");
    if (made) return *std::forward<Made>(made);
    if constexpr (std::convertible_to<Error, Failure>) return tl::unexpected(Failure(std::forward<Made>(made).error()));
    else return tl::unexpected(Failure(FailureKind::undecodable, std::string(std::forward<Made>(made).error())));
  }
}

}  // namespace detail

/// A step from one shape to another, with a new version, a new type or both. `function` takes the payload (a
/// std::string_view) or the whole event (`const RecordedEvent&`), valid during the call, and returns the new payload: a
/// std::string, or a tl::expected of one whose error is a Failure or a text.
template <class F>
[[nodiscard]] UpcastStep upcast(EventShape from, EventShape to, F function) {
  static_assert(detail::MakesPayload<F, std::string_view> || detail::MakesPayload<F, const RecordedEvent&>,
                "an upcaster takes the payload as std::string_view, or the event as const lantern::RecordedEvent&");
  UpcastFunction payload;
  if constexpr (detail::MakesPayload<F, std::string_view>) {
    payload = [f = std::move(function)](const RecordedEvent& event) mutable {
      return detail::payload_from(f(event.data));
    };
  } else {
    payload = [f = std::move(function)](const RecordedEvent& event) mutable { return detail::payload_from(f(event)); };
  }
  return {std::move(from), std::move(to), std::move(payload)};
}
/// A step from one version of a type to the next.
template <class F>
[[nodiscard]] UpcastStep upcast(std::string type, std::int32_t from, F function) {
  EventShape next{type, from + 1};
  return upcast(EventShape{std::move(type), from}, std::move(next), std::move(function));
}

/// For a type that got another name, and nothing else.
inline constexpr auto same_payload = [](std::string_view payload) { return std::string(payload); };

/// An event in today's shape, with the payload that was made for it. Moved, not copied.
class Upcasted {
 public:
  /// Its type's text is that of the `Upcasters`, and its payload's is this object's; the others are those of the event
  /// as recorded. All live as long as the shortest of these.
  [[nodiscard]] const RecordedEvent& event() const noexcept { return event_; }

 private:
  friend class Upcasters;
  explicit Upcasted(const RecordedEvent& recorded) : event_(recorded) {}

  RecordedEvent event_;
  std::unique_ptr<const std::string> payload_{};
};

/// The chains of all types. A value whose copies share what they know; as thread-safe as the functions in it.
///
/// A type that is in no step and no `EventVersions` is left as it is, whatever its version. Of one that is, version 1
/// is the oldest unless said otherwise, and from each version there is a way to the last one.
class Upcasters {
 public:
  /// None: each event stays as it was recorded.
  Upcasters() = default;

  /// FailureKind::invalid, with what is wrong and what to do, for two steps from one shape, a version without a step
  /// that is older than the newest, a step beyond the newest or before the oldest, a circle, or a step without
  /// function.
  [[nodiscard]] static tl::expected<Upcasters, Failure> of(std::vector<UpcastStep> steps,
                                                           std::vector<EventVersions> versions = {});

  /// True when there is nothing to be done. One look into a table.
  [[nodiscard]] bool is_current(const RecordedEvent&) const noexcept;

  /// The event in today's shape. FailureKind::undecodable when a function fails or throws, or when no chain knows the
  /// event's version: then it is older, or newer, than what this program was made for. Throws nothing.
  [[nodiscard]] tl::expected<Upcasted, Failure> upcast(const RecordedEvent&) const;

  /// These types, and those of which an older event becomes one of them: what is to be read for them.
  [[nodiscard]] std::vector<std::string> with_older(std::vector<std::string> types) const;

  /// The newest version of this type; absent: it is not known here.
  [[nodiscard]] std::optional<std::int32_t> newest(std::string_view type) const noexcept;

 private:
  struct Table;
  std::shared_ptr<const Table> table_{};
};

/// `Deposited version 2`
[[nodiscard]] std::string to_string(const EventShape&);
std::ostream& operator<<(std::ostream&, const EventShape&);

}  // namespace lantern
