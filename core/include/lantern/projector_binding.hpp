// Shows a projector to the machine. Users do not include this: pipeline.hpp does.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "lantern/event_updater.hpp"
#include "lantern/projector.hpp"

namespace lantern {
namespace detail {

struct NoCodec {
  using event_type = std::monostate;
};
template <class P>
auto codec_of() {
  if constexpr (HasCodec<P>) return std::type_identity<typename P::codec>{};
  else return std::type_identity<NoCodec>{};
}
/// What a recorded event is decoded to; nothing, without a codec.
template <class P>
using DecodedEvent = typename decltype(codec_of<P>())::type::event_type;

struct NoUpdater {};

/// What all projectors have in common.
template <class P>
class BoundProjectorBase : public ProjectorPort {
 public:
  explicit BoundProjectorBase(P& projector) : projector_(projector) {
    if constexpr (UpcastsEvents<P> && HasCodec<P>) {
      if constexpr (requires { P::codec::shapes(); }) updater_.must_fit(P::codec::shapes());
    }
  }

  std::string name() const override { return std::string(std::as_const(projector_).name()); }

  EventFilter filter() const override {
    if constexpr (UpcastsEvents<P>) return updater_.widened(own_filter());
    else return own_filter();
  }

  FailureStrategy on_error(const FailureContext& context) override {
    if constexpr (requires(P & p) {
                    { p.on_error(context) } -> std::same_as<FailureStrategy>;
                  }) {
      try {
        return projector_.on_error(context);
      } catch (...) {
        return FailureStrategy::Fatal;
      }
    } else return FailureStrategy::Fatal;
  }

 protected:
  tl::expected<DecodedEvent<P>, Failure> decoded(const RecordedEvent& recorded) const {
    if constexpr (HasCodec<P>) return decode_with(codec_, recorded);
    else return std::monostate{};
  }

  [[nodiscard]] bool is_current(const RecordedEvent& recorded) const noexcept {
    if constexpr (UpcastsEvents<P>) return updater_.is_current(recorded);
    else return (void)recorded, true;
  }
  /// Of one that is not current. Absent: it became one that the projector does not read.
  tl::expected<std::optional<Upcasted>, Failure> updated(const RecordedEvent& recorded) const requires
      UpcastsEvents<P> {
    return updater_.update(recorded, own_filter());
  }

  P& projector_;

 private:
  static auto updater_of(const P& projector) {
    if constexpr (UpcastsEvents<P>) return EventUpdater(asked_for_upcasters(projector));
    else return (void)projector, NoUpdater{};
  }
  static tl::expected<Upcasters, Failure> asked_for_upcasters(const P& projector) requires UpcastsEvents<P> {
    try {
      return projector.upcasters();
    } catch (...) {
      return tl::unexpected(failure_of(std::current_exception()));
    }
  }

  EventFilter own_filter() const {
    if constexpr (requires(const P& p) {
                    { p.filter() } -> std::same_as<EventFilter>;
                  })
      return std::as_const(projector_).filter();
    else if constexpr (requires { P::codec::types(); }) return EventFilter{.types = P::codec::types()};
    else return {};
  }

  [[no_unique_address]] typename decltype(codec_of<P>())::type codec_{};
  [[no_unique_address]] decltype(updater_of(std::declval<const P&>())) updater_ = updater_of(projector_);
};

template <class P>
class BoundProjector final : public BoundProjectorBase<P> {
  using BoundProjectorBase<P>::projector_;

 public:
  using BoundProjectorBase<P>::BoundProjectorBase;

  bool checkpoint_is_stored() const override { return effects_are_durable<P>(); }
  bool applied_by_store() const override { return is_applied_by_store<P>(); }
  std::optional<CodeVersion> code_version() override {
    if constexpr (is_applied_by_store<P>() && requires(const P& p) {
                    { p.code_version() } -> std::same_as<CodeVersion>;
                  })
      return std::as_const(projector_).code_version();
    else return std::nullopt;
  }

  std::optional<Position> starts_after() const override {
    if constexpr (requires(const P& p) {
                    { p.starts_after() } -> std::convertible_to<std::optional<Position>>;
                  })
      return std::as_const(projector_).starts_after();
    else return std::nullopt;
  }

  // One try block around the loop, and an inlined `apply` inside of it: no cost per event.
  Folded fold(std::span<const RecordedEvent> events) override {
    std::size_t applied = 0;
    if constexpr (!is_applied_by_store<P>()) {
      try {
        for (const std::size_t count = events.size(); applied != count; ++applied) {
          if (auto failure = apply(events[applied])) return {applied, std::move(failure)};
        }
      } catch (...) {
        return {applied, failure_of(std::current_exception())};
      }
    }
    return {applied, std::nullopt};
  }

 private:
  std::optional<Failure> apply(const RecordedEvent& recorded) {
    if constexpr (UpcastsEvents<P>) {
      if (!this->is_current(recorded)) {
        const auto updated = this->updated(recorded);
        if (!updated) return updated.error();
        return *updated ? apply_current((*updated)->event()) : std::nullopt;
      }
    }
    return apply_current(recorded);
  }

  std::optional<Failure> apply_current(const RecordedEvent& recorded) {
    if constexpr (HasCodec<P>) {
      auto event = this->decoded(recorded);
      if (!event) return std::move(event).error();
      if constexpr (Applies<P, typename P::codec::event_type>) {
        return apply_one(projector_, *event, recorded.position);
      } else {
        return std::visit([&](const auto& one) { return apply_one(projector_, one, recorded.position); }, *event);
      }
    } else {
      return apply_one(projector_, recorded, recorded.position);
    }
  }
};

}  // namespace detail

/// Shows a projector to the machine. Borrows it: the projector must outlive the port, and can be read meanwhile.
template <class P>
requires(!detail::looks_keyed<P>()) [[nodiscard]] std::unique_ptr<ProjectorPort> bind_projector(P& projector) {
  detail::check_common_members<P>();
  static_assert(!detail::has_upcasters<P>() || !detail::is_applied_by_store<P>(),
                "this projector's events are applied by its store, which knows no upcasters");
  static_assert(detail::starts_after_fits<P>(),
                "a projector's `starts_after() const` must return a std::optional<lantern::Position>");
  static_assert(detail::can_apply<P>(),
                "a projector needs a member `apply(event, lantern::Position)` for `const lantern::RecordedEvent&`, or, "
                "with a codec, for the codec's event_type or each alternative of it");
  return std::make_unique<detail::BoundProjector<P>>(projector);
}

}  // namespace lantern
