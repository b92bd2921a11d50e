// What users write: a projector, and how the machine sees one. How it is shown to the machine: projector_binding.hpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/effects.hpp"
#include "lantern/upcasting.hpp"

namespace lantern {

/// What a projector wants done about an event that failed.
enum class FailureStrategy : std::uint8_t {
  Fatal,  ///< end the run; the event stays next in line
  Skip,   ///< record it and go on
  Retry,  ///< try it again, as `EventRetryConfig` says
};

/// What a projector is told about an event that failed. Views; valid during the call.
struct FailureContext {
  const Failure& error;        ///< what the last try said; FailureKind::undecodable when decoding failed
  const RecordedEvent& event;  ///< as recorded
  Position position;
  std::uint32_t retry_count;  ///< retries so far: 0 on the first failure
  std::optional<std::string_view> key =
      {};  ///< of a keyed projector: what it failed for; absent: before keys were known
};

/// Turns recorded bytes into a user's event: `decode(recorded)` gives `tl::expected<event_type, Failure>`.
/// With `types()`, the projection reads these types only.
template <class C>
concept Codec = std::default_initializable<C> && requires(const C& codec, const RecordedEvent& recorded) {
  typename C::event_type;
  { codec.decode(recorded) } -> std::same_as<tl::expected<typename C::event_type, Failure>>;
};

class KeyedPort;

/// The result of folding a run of events: how many were applied, and what stopped it.
struct Folded {
  std::size_t applied{};
  std::optional<Failure> failure{};  ///< of the event at index `applied`; absent: all were applied
};

/// How the machine sees a projector: an interface that is called once per page, not once per event. Users write a plain
/// struct instead (see `Projector`); implement this only to bind another language.
class ProjectorPort {
 public:
  ProjectorPort() = default;
  ProjectorPort(const ProjectorPort&) = delete;
  ProjectorPort& operator=(const ProjectorPort&) = delete;
  virtual ~ProjectorPort();

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual EventFilter filter() const = 0;
  /// False: the state dies with the process, so no checkpoint is loaded or moved.
  [[nodiscard]] virtual bool checkpoint_is_stored() const = 0;
  /// True: the store applies the events inside of the commit, and `fold` is not called.
  [[nodiscard]] virtual bool applied_by_store() const = 0;
  /// Of a state in memory: where it begins (a snapshot's position); absent: from the beginning.
  [[nodiscard]] virtual std::optional<Position> starts_after() const = 0;
  /// Applies the events in order, up to the first that fails. Throws nothing.
  [[nodiscard]] virtual Folded fold(std::span<const RecordedEvent> events) = 0;
  /// Throws nothing; an exception from user code is `Fatal`.
  [[nodiscard]] virtual FailureStrategy on_error(const FailureContext&) = 0;
  /// Of a projector with keys (see keyed.hpp), how its views are seen: the machine folds through this instead. Else
  /// null.
  [[nodiscard]] virtual KeyedPort* keyed() noexcept { return nullptr; }
  /// The code that makes what the projection stores, where the store can rebuild it beside what readers see; absent: it
  /// cannot.
  [[nodiscard]] virtual std::optional<CodeVersion> code_version() { return std::nullopt; }
};

namespace detail {

[[nodiscard]] Failure failure_of(std::exception_ptr);

/// What `apply` may return besides void.
template <class R>
inline constexpr bool is_expected_void = false;
template <class E>
inline constexpr bool is_expected_void<tl::expected<void, E>> =
    std::convertible_to<E, Failure> || std::constructible_from<std::string, E>;

template <class E>
Failure as_failure(E&& error) {
  if constexpr (std::convertible_to<E, Failure>) return std::forward<E>(error);
  else return Failure(FailureKind::rejected, std::string(std::forward<E>(error)));
}

template <class P>
concept HasCodec = requires {
  typename P::codec;
}
&&Codec<typename P::codec>;

/// A codec that is there but does not fit must not be taken for one that is absent.
template <class P>
consteval bool codec_fits() {
  if constexpr (requires { typename P::codec; }) return HasCodec<P>;
  else return true;
}

template <class P>
consteval bool is_applied_by_store() {
  if constexpr (requires {
                  { P::applied_by_store } -> std::convertible_to<bool>;
                })
    return P::applied_by_store;
  else return false;
}
template <class P>
consteval bool effects_are_durable() {
  if constexpr (is_applied_by_store<P>()) return true;
  else if constexpr (requires {
                       { P::effects_are_durable } -> std::convertible_to<bool>;
                     })
    return P::effects_are_durable;
  else return false;
}

template <class P, class E>
concept Applies = requires(P& projector, const E& event, Position at) {
  projector.apply(event, at);
};

template <class P, class V>
inline constexpr bool applies_each = false;
template <class P, class... Es>
inline constexpr bool applies_each<P, std::variant<Es...>> = (Applies<P, Es> && ...);

template <class P>
consteval bool can_apply() {
  if constexpr (is_applied_by_store<P>()) return true;
  else if constexpr (HasCodec<P>) {
    using Event = typename P::codec::event_type;
    return Applies<P, Event> || applies_each<P, Event>;
  } else return Applies<P, RecordedEvent>;
}

// An optional member that is there but does not fit must not be taken for one that is absent. Next to another of its
// name a member is ambiguous, so it shows even where its address cannot be taken: overloaded, or a template.
struct OptionalMembers {
  int on_error, filter, starts_after, upcasters;
};
template <class P>
struct Crowded : P, OptionalMembers {};

template <class P>
consteval bool has_on_error() {
  if constexpr (std::is_final_v<P>) return requires {
      &P::on_error;
    };
  else return !requires {
      &Crowded<P>::on_error;
    };
}
template <class P>
consteval bool has_filter() {
  if constexpr (std::is_final_v<P>) return requires {
      &P::filter;
    };
  else return !requires {
      &Crowded<P>::filter;
    };
}
template <class P>
consteval bool has_starts_after() {
  if constexpr (std::is_final_v<P>) return requires {
      &P::starts_after;
    };
  else return !requires {
      &Crowded<P>::starts_after;
    };
}

template <class P>
consteval bool has_upcasters() {
  if constexpr (std::is_final_v<P>) return requires {
      &P::upcasters;
    };
  else return !requires {
      &Crowded<P>::upcasters;
    };
}

struct KeysMember {
  int keys;
};
template <class P>
struct CrowdedKeys : P, KeysMember {};

/// Whether a projector means to be keyed (see keyed.hpp). One that is, but does not fit, must not be taken for one that
/// is not.
template <class P>
consteval bool looks_keyed() {
  if constexpr (requires { typename P::view_codec; }) return true;
  else if constexpr (!requires {
                       typename P::State;
                       typename P::Delta;
                     })
    return false;
  else if constexpr (std::is_final_v<P>) return requires {
      &P::keys;
    };
  else return !requires {
      &CrowdedKeys<P>::keys;
    };
}

template <class P>
consteval bool on_error_fits() {
  if constexpr (has_on_error<P>()) {
    return requires(P & p, const FailureContext& context) {
      { p.on_error(context) } -> std::same_as<FailureStrategy>;
    };
  } else return true;
}
template <class P>
consteval bool filter_fits() {
  if constexpr (has_filter<P>()) {
    return requires(const P& p) {
      { p.filter() } -> std::same_as<EventFilter>;
    };
  } else return true;
}
template <class P>
consteval bool starts_after_fits() {
  if constexpr (has_starts_after<P>()) {
    return requires(const P& p) {
      { p.starts_after() } -> std::convertible_to<std::optional<Position>>;
    };
  } else return true;
}

template <class P>
consteval bool upcasters_fit() {
  if constexpr (has_upcasters<P>()) {
    return requires(const P& p) {
      { p.upcasters() } -> std::convertible_to<tl::expected<Upcasters, Failure>>;
    };
  } else return true;
}
/// Old events are brought up to date before it sees them.
template <class P>
concept UpcastsEvents = requires(const P& p) {
  { p.upcasters() } -> std::convertible_to<tl::expected<Upcasters, Failure>>;
};

/// A codec that throws has failed to decode, whatever it threw.
template <class C>
tl::expected<typename C::event_type, Failure> decode_with(const C& codec, const RecordedEvent& recorded) {
  try {
    return codec.decode(recorded);
  } catch (...) {
    Failure failure = failure_of(std::current_exception());
    failure.kind = FailureKind::undecodable;
    return tl::unexpected(std::move(failure));
  }
}

/// Calls `apply` and brings what it returned to one form. User code may throw here, and only here.
template <class P, class E>
std::optional<Failure> apply_one(P& projector, const E& event, Position at) {
  using Result = decltype(projector.apply(event, at));
  if constexpr (std::is_void_v<Result>) {
    projector.apply(event, at);
    return std::nullopt;
  } else {
    static_assert(is_expected_void<Result>,
                  "a projector's apply must return void or tl::expected<void, E>, where E is "
                  "lantern::Failure or converts to std::string");
    if constexpr (is_expected_void<Result>) {
      auto result = projector.apply(event, at);
      if (!result) return as_failure(std::move(result).error());
    }
    return std::nullopt;
  }
}

}  // namespace detail

// clang-format off
/// A projector: a plain struct with `name()` and `apply(event, position)`.
///
/// | member | meaning | when absent |
/// |---|---|---|
/// | `name() const` | names the projection; the key of its checkpoint | required |
/// | `apply(event, position)` | applies one event; returns `void` or `tl::expected<void, E>`, may throw | required |
/// | `using codec = C` | decodes events; `apply` is overloaded for each type | `apply` takes `const RecordedEvent&` |
/// | `filter() const` | which events to read | the codec's types, or all |
/// | `upcasters() const` | brings events of older schema versions up to date before they are decoded: `Upcasters`, or a `tl::expected` of them (see upcasting.hpp) | events are as recorded |
/// | `on_error(context)` | `Fatal`, `Skip` or `Retry` | `Fatal` |
/// | `static constexpr bool effects_are_durable = true` | its effects outlive the process: its checkpoint is stored | false |
/// | `starts_after() const` | the position of the snapshot that its state begins with | the beginning |
/// | `static constexpr bool applied_by_store = true` | the store runs its statements in the commit; no `apply` | false |
/// | `code_version() const` | with `applied_by_store`: a store that made it with an older one rebuilds it beside | it is never rebuilt |
// clang-format on
template <class P>
concept Projector = requires(const P& projector) {
  { projector.name() } -> std::convertible_to<std::string>;
}
&&detail::codec_fits<P>() && detail::can_apply<P>();

namespace detail {

/// Says what is wrong with the members that all projectors may have, with and without keys.
template <class P>
consteval void check_common_members() {
  static_assert(
      requires(const P& p) {
        { p.name() } -> std::convertible_to<std::string>;
      },
      "a projector needs a member `name() const` that gives a std::string or a string literal");
  static_assert(
      codec_fits<P>(),
      "a projector's codec must have an `event_type` and a `decode(const lantern::RecordedEvent&) const` that "
      "returns exactly tl::expected<event_type, lantern::Failure>, and be default-constructible");
  static_assert(on_error_fits<P>(),
                "a projector's on_error must be callable as `on_error(const lantern::FailureContext&)` and return "
                "lantern::FailureStrategy");
  static_assert(filter_fits<P>(), "a projector's `filter() const` must return a lantern::EventFilter");
  static_assert(upcasters_fit<P>(),
                "a projector's `upcasters() const` must return lantern::Upcasters, or tl::expected<lantern::Upcasters, "
                "lantern::Failure>");
}

}  // namespace detail
}  // namespace lantern
