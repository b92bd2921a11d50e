// Given these events, when that one comes, then this is what a projector has made of them. For any test framework:
//
//     CHECK(given<Balances>(Deposited{"alice", 100}).when(Withdrawn{"alice", 70}).then_view("alice", {.cents = 30}));
//
// Typed events need <lantern/testing/spec_json.hpp>, or a `SpecEvent` of one's own.
#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lantern/keyed_binding.hpp"
#include "lantern/testing/verdict.hpp"

namespace lantern::testing {

/// How an event of type `E` is written down: specialise it with `static NewEvent write(const E&)`.
template <class E>
struct SpecEvent {
  static_assert(!sizeof(E),
                "this is no event that can be written down: give a lantern::NewEvent; or include "
                "<lantern/testing/spec_json.hpp>, for structs that JsonCodec decodes; or specialise "
                "lantern::testing::SpecEvent for it");
};
/// One that is written down already.
template <>
struct SpecEvent<NewEvent> {
  static NewEvent write(const NewEvent& event) { return event; }
};

/// What a projector made of some events; then, what is claimed of it. A value, true while all claims hold, and printed
/// as the first that does not.
///
/// An event that fails makes each claim wrong, unless `then_fails` is claimed first: `.then_fails().then_view(…)`.
template <class P>
class Then : public Verdict {
  struct NoState {};
  static auto state_of() {
    if constexpr (KeyedProjector<P>) return std::type_identity<typename P::State>{};
    else return std::type_identity<NoState>{};
  }

 public:
  using State = typename decltype(state_of())::type;

  Then(std::shared_ptr<const detail::SpecOutcome> outcome, std::shared_ptr<const P> projector)
      : Verdict(detail::begun_well(*outcome)), outcome_(std::move(outcome)), projector_(std::move(projector)) {}

  /// The view of this key is this state.
  [[nodiscard]] Then then_view(std::string_view key, const State& expected) const {
    static_assert(KeyedProjector<P>, "then_view is for projectors with keys; of another one, claim `then(…)`");
    return and_also([&] {
      typename P::view_codec codec{};
      return detail::check_view(*outcome_, key, codec.encode_state(expected), [&](const StoredView& stored) {
        if constexpr (std::equality_comparable<State>) {
          const auto actual = codec.decode_state(*stored.state);
          return actual && *actual == expected;
        } else return false;
      });
    });
  }

  /// There is no view of this key, or it is erased.
  [[nodiscard]] Then then_no_view(std::string_view key) const {
    static_assert(KeyedProjector<P>, "then_no_view is for projectors with keys; of another one, claim `then(…)`");
    return and_also([&] { return detail::check_no_view(*outcome_, key); });
  }

  /// These are the changes that were published, of all keys, in order: each a `Delta`, or `lantern::erased`.
  template <class... Deltas>
  [[nodiscard]] Then then_deltas(const Deltas&... expected) const {
    static_assert(KeyedProjector<P>, "then_deltas is for projectors with keys; of another one, claim `then(…)`");
    static_assert(((std::same_as<Deltas, Erased> || std::convertible_to<const Deltas&, typename P::Delta>)&&...),
                  "then_deltas takes the projector's Delta, and lantern::erased");
    return and_also([&] {
      typename P::view_codec codec{};
      [[maybe_unused]] const auto frame = [&]<class D>(const D& delta) -> std::optional<std::string> {
        if constexpr (std::same_as<D, Erased>) return std::nullopt;
        else return std::string(codec.encode_delta(delta));
      };
      return detail::check_deltas(*outcome_, {frame(expected)...});
    });
  }

  /// No view changed, and nothing was published.
  [[nodiscard]] Then then_unchanged() const {
    static_assert(KeyedProjector<P>, "then_unchanged is for projectors with keys; of another one, claim `then(…)`");
    return and_also([&] { return detail::check_unchanged(*outcome_); });
  }

  /// An event failed, with a message that contains this text.
  [[nodiscard]] Then then_fails(std::string_view text = {}) const {
    Then next = *this;
    next.fails_ = true;
    return next.and_also([&] { return detail::check_failed(*outcome_, text, std::nullopt); });
  }
  /// An event failed in this way.
  [[nodiscard]] Then then_fails(FailureKind kind) const {
    Then next = *this;
    next.fails_ = true;
    return next.and_also([&] { return detail::check_failed(*outcome_, {}, kind); });
  }

  /// The projector is as this says: `then([](const Totals& totals) { return totals.sum == 30; })`. What is returned
  /// is true or false, or a Verdict.
  template <std::invocable<const P&> Claim>
  [[nodiscard]] Then then(const Claim& claim) const {
    return and_also([&]() -> Verdict {
      auto said = std::invoke(claim, *projector_);
      if constexpr (std::derived_from<decltype(said), Verdict>) return said;
      else return said ? Verdict() : detail::not_as_claimed(*outcome_, {});
    });
  }
  /// What is seen of the projector is this: `then(&Totals::sum, 30)`.
  template <std::invocable<const P&> Look, class Value>
  [[nodiscard]] Then then(const Look& look, const Value& expected) const {
    return and_also([&]() -> Verdict {
      const auto& actual = std::invoke(look, *projector_);
      if (actual == expected) return {};
      std::ostringstream difference;
      if constexpr (requires { difference << expected << actual; }) {
        difference << "expected " << expected << ", is " << actual;
      }
      return detail::not_as_claimed(*outcome_, difference.str());
    });
  }

  /// As the events left it.
  [[nodiscard]] const P& projector() const noexcept { return *projector_; }

 private:
  template <class Check>
  Then and_also(const Check& check) const {
    Then next = *this;
    if (!next) return next;
    try {
      Verdict more = fails_ ? Verdict() : detail::went_well(*outcome_);
      if (more) more = check();
      static_cast<Verdict&>(next) = std::move(more);
    } catch (...) {  // user code: a codec or a claim
      static_cast<Verdict&>(next) = Verdict::wrong("the check threw: " + detail::words_of(std::current_exception()));
    }
    return next;
  }

  std::shared_ptr<const detail::SpecOutcome> outcome_;
  std::shared_ptr<const P> projector_;
  bool fails_{};
};

/// Events that have come already.
template <class P>
class Given {
 public:
  Given(P projector, ProjectionConfig config, std::vector<NewEvent> events)
      : projector_(std::move(projector)), config_(std::move(config)), events_(std::move(events)) {}

  /// Now these come, one after the other. The projector is copied, so one `Given` can be gone on with in several ways.
  template <class... Events>
  [[nodiscard]] Then<P> when(const Events&... events) const {
    auto projector = std::make_shared<P>(projector_);
    auto outcome = detail::tell(bind_projector(*projector), config_, events_, {SpecEvent<Events>::write(events)...});
    return Then<P>(std::make_shared<const detail::SpecOutcome>(std::move(outcome)), std::move(projector));
  }

 private:
  P projector_;
  ProjectionConfig config_;
  std::vector<NewEvent> events_;
};

/// A projector under test. Each event is a page and a commit of its own, and no view is kept in memory between them: so
/// each state goes through the projector's codec. Sleeps take no time. Of the configuration, what it says of events
/// that fail counts.
template <class P>
class Spec {
  static_assert(!lantern::detail::is_applied_by_store<P>(),
                "this projector's events are applied by its store: test it on that store");
  static_assert(std::copy_constructible<P>, "a Spec copies the projector, so that each test begins with a fresh one");

 public:
  explicit Spec(P projector = {}, ProjectionConfig config = {})
      : projector_(std::move(projector)), config_(std::move(config)) {}

  /// These events have come already.
  template <class... Events>
  [[nodiscard]] Given<P> given(const Events&... events) const {
    return Given<P>(projector_, config_, {SpecEvent<Events>::write(events)...});
  }

 private:
  P projector_;
  ProjectionConfig config_;
};

/// `Spec<P>().given(…)`: events that have come to a projector as it is made without arguments.
template <class P, class... Events>
[[nodiscard]] Given<P> given(const Events&... events) {
  return Spec<P>().given(events...);
}

}  // namespace lantern::testing
