// A projector with keys: events fold into one state for each key, and each change is a delta.
//
//     struct Orders {
//       struct State { std::int64_t total{}; };
//       struct Delta { std::int64_t added{}; };
//       using codec = lantern::JsonCodec<Ordered>;                 // decodes events
//       using view_codec = lantern::JsonViewCodec<State, Delta>;   // encodes views
//       std::string name() const { return "orders"; }
//       const std::string& keys(const Ordered& event) const { return event.customer; }
//       lantern::Change<Delta> apply(State& state, const Ordered& event) const {
//         state.total += event.amount;
//         return lantern::changed(Delta{event.amount});
//       }
//     };
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <tl/expected.hpp>

#include "lantern/keyed_port.hpp"
#include "lantern/projector.hpp"

namespace lantern {

/// The event left the view as it is: nothing is written, nothing is published. The state must be as it was.
struct Unchanged {};
inline constexpr Unchanged unchanged{};

/// The view is gone. A later event of its key begins with a fresh state; the version goes on. Of a view that does not
/// exist this is `unchanged`.
struct Erased {};
inline constexpr Erased erased{};

/// What an event did to a view: `changed(delta)`, `unchanged` or `erased`.
template <class Delta>
class Change {
 public:
  using delta_type = Delta;
  Change(Unchanged) : what_(Unchanged{}) {}  // NOLINT: implicit on purpose
  Change(Erased) : what_(Erased{}) {}        // NOLINT: implicit on purpose
  explicit Change(Delta delta) : what_(std::move(delta)) {}

  [[nodiscard]] bool is_unchanged() const noexcept { return std::holds_alternative<Unchanged>(what_); }
  [[nodiscard]] bool is_erased() const noexcept { return std::holds_alternative<Erased>(what_); }
  /// The delta of a view that was changed, or null.
  [[nodiscard]] const Delta* delta() const noexcept { return std::get_if<Delta>(&what_); }

 private:
  std::variant<Unchanged, Erased, Delta> what_;
};

/// The view is changed, and this is how: what those who follow it apply to theirs.
template <class Delta>
[[nodiscard]] Change<std::remove_cvref_t<Delta>> changed(Delta&& delta) {
  return Change<std::remove_cvref_t<Delta>>(std::forward<Delta>(delta));
}

/// Which view an event is applied to, for those who want to know: an optional third parameter of `apply`. Views; valid
/// during the call.
struct ViewAt {
  std::string_view key;
  Position position;     ///< of the event
  std::int64_t version;  ///< changes applied before this one; 0: none
};

/// Turns states and deltas into bytes, any bytes, and states back. Used by one thread at a time.
template <class C, class State, class Delta>
concept ViewCodec = std::default_initializable<C> &&
    requires(C& codec, const State& state, const Delta& delta, std::string_view bytes) {
  { codec.encode_state(state) } -> std::convertible_to<std::string>;
  { codec.decode_state(bytes) } -> std::same_as<tl::expected<State, Failure>>;
  { codec.encode_delta(delta) } -> std::convertible_to<std::string>;
};

namespace detail {

template <class P>
concept HasStateAndDelta = requires {
  typename P::State;
  typename P::Delta;
}
&&std::default_initializable<typename P::State>&& std::copyable<typename P::State>&& std::movable<typename P::Delta>;

template <class P>
consteval bool view_codec_fits() {
  if constexpr (HasStateAndDelta<P> && requires { typename P::view_codec; })
    return ViewCodec<typename P::view_codec, typename P::State, typename P::Delta>;
  else return false;
}

// ---- keys ----

template <class K>
concept OneKey = std::convertible_to<const K&, std::string_view>;
template <class K>
inline constexpr bool is_optional_key = false;
template <OneKey K>
inline constexpr bool is_optional_key<std::optional<K>> = true;
template <class K>
concept ManyKeys = !OneKey<K> && !is_optional_key<std::remove_cvref_t<K>> && std::ranges::input_range<K> &&
                   OneKey<std::remove_cvref_t<std::ranges::range_reference_t<K>>>;
template <class K>
concept Keys = OneKey<K> || is_optional_key<std::remove_cvref_t<K>> || ManyKeys<K>;

template <class P, class E>
concept GivesKeys = requires(P& projector, const E& event) {
  { projector.keys(event) } -> Keys;
};

// ---- apply ----

template <class P, class E>
concept AppliesAt = requires(P& projector, typename P::State& state, const E& event, const ViewAt& at) {
  projector.apply(state, event, at);
};
template <class P, class E>
concept AppliesToView = AppliesAt<P, E> || requires(P& projector, typename P::State& state, const E& event) {
  projector.apply(state, event);
};

template <class P, class E>
decltype(auto) apply_to(P& projector, typename P::State& state, const E& event,
                        const ViewAt& at) noexcept(noexcept(projector.apply(state, event,
                                                                            at))) requires AppliesAt<P, E> {
  return projector.apply(state, event, at);
}
template <class P, class E>
decltype(auto) apply_to(P& projector, typename P::State& state, const E& event,
                        const ViewAt&) noexcept(noexcept(projector.apply(state, event))) {
  return projector.apply(state, event);
}

template <class R, class Delta>
inline constexpr bool is_change = std::same_as<R, Change<Delta>>;
template <class T, class E, class Delta>
inline constexpr bool is_change<tl::expected<T, E>, Delta> = std::same_as<T, Change<Delta>> &&
                                                             (std::convertible_to<E, Failure> ||
                                                              std::constructible_from<std::string, E>);

template <class P, class E>
using Applied = std::remove_cvref_t<decltype(apply_to(std::declval<P&>(), std::declval<typename P::State&>(),
                                                      std::declval<const E&>(), std::declval<const ViewAt&>()))>;

/// It cannot fail, so it may work on the state in place.
template <class P, class E>
inline constexpr bool cannot_fail = std::same_as<Applied<P, E>, Change<typename P::Delta>>&& noexcept(apply_to(
    std::declval<P&>(), std::declval<typename P::State&>(), std::declval<const E&>(), std::declval<const ViewAt&>()));

/// For the event as a whole, or for each alternative of it: what `Test<P, E>::value` says.
template <class P, template <class, class> class Test, class E>
inline constexpr bool for_each_alternative = false;
template <class P, template <class, class> class Test, class... Es>
inline constexpr bool for_each_alternative<P, Test, std::variant<Es...>> = (Test<P, Es>::value && ...);

template <class P, class E>
struct TestKeys : std::bool_constant<GivesKeys<P, E>> {};
template <class P, class E>
struct TestApply : std::bool_constant<AppliesToView<P, E>> {};
template <class P, class E>
struct TestResult {
  static constexpr bool value = is_change<Applied<P, E>, typename P::Delta>;
};

template <class P>
auto event_type_of() {
  if constexpr (HasCodec<P>) return std::type_identity<typename P::codec::event_type>{};
  else return std::type_identity<RecordedEvent>{};
}
template <class P>
using EventOf = typename decltype(event_type_of<P>())::type;

/// The event is handed over as a whole, not as one of its alternatives.
template <class P>
inline constexpr bool takes_whole_event = GivesKeys<P, EventOf<P>>&& AppliesToView<P, EventOf<P>>;

template <class P, template <class, class> class Test>
consteval bool each_event_passes() {
  return Test<P, EventOf<P>>::value || for_each_alternative<P, Test, EventOf<P>>;
}
/// `keys` and `apply` both take the event as a whole, or both take each alternative of it.
template <class P>
consteval bool events_fit() {
  return takes_whole_event<P> ||
         (for_each_alternative<P, TestKeys, EventOf<P>> && for_each_alternative<P, TestApply, EventOf<P>>);
}
template <class P>
consteval bool results_fit() {
  if constexpr (takes_whole_event<P>) return TestResult<P, EventOf<P>>::value;
  else return for_each_alternative<P, TestResult, EventOf<P>>;
}

// ---- versions ----

template <class P>
consteval bool version_fits() {
  if constexpr (requires(const P& p) { p.version(); }) return requires(const P& p) {
      { p.version() } -> std::convertible_to<std::int64_t>;
    };
  else return true;
}
template <class P>
consteval std::int32_t state_version_of() {
  if constexpr (requires { P::state_version; }) return std::int32_t{P::state_version};
  else return 1;
}
template <class P>
concept Upcasts = requires(P& projector, std::int32_t from, std::string_view bytes) {
  { projector.upcast_view(from, bytes) } -> std::same_as<tl::expected<typename P::State, Failure>>;
};
template <class P>
consteval bool upcast_fits() {
  if constexpr (requires { &P::upcast_view; }) return Upcasts<P>;
  else return true;
}

}  // namespace detail

// clang-format off
/// A projector with keys: a plain struct, of which the store keeps one `State` for each key.
///
/// | member | meaning | when absent |
/// |---|---|---|
/// | `name() const` | names the projection | required |
/// | `State`, `Delta` | what is kept for each key, and how it changes; `State{}` is how a view begins | required |
/// | `using view_codec = C` | turns them into bytes; `JsonViewCodec<State, Delta>` for described structs | required |
/// | `keys(event)` | its keys: a string, an optional of one, or a range of them; none: the event is passed over | required |
/// | `apply(State&, event)`, or with a third `ViewAt` | `Change<Delta>`, or `tl::expected<Change<Delta>, E>`; may throw | required |
/// | `using codec = C` | decodes events; `keys` and `apply` are overloaded for each type | both take `const RecordedEvent&` |
/// | `version() const` | of the code; a greater one than that of the stored views rebuilds them | 1 |
/// | `static constexpr std::int32_t state_version` | of the shape of `State`; stored with each view | 1 |
/// | `upcast_view(from, bytes)` | reads a state of an older shape: `tl::expected<State, Failure>` | a newer shape rebuilds |
/// | `filter() const`, `on_error(context)`, `upcasters() const` | as of any projector | |
///
/// `keys` and `apply` must be pure: the same event and state, the same answer. A failed `apply` leaves no trace: it
/// works on a copy of the state, but for one that is `noexcept` and returns a plain `Change`, which works in place; with
/// that one, a delta that the codec cannot encode ends the run (ErrorKind::projector), and `on_error` is not asked.
// clang-format on
template <class P>
concept KeyedProjector = detail::looks_keyed<P>() && requires(const P& projector) {
  { projector.name() } -> std::convertible_to<std::string>;
} && detail::codec_fits<P>() && detail::HasStateAndDelta<P> && detail::view_codec_fits<P>() &&
    detail::events_fit<P>() && detail::results_fit<P>();

}  // namespace lantern
