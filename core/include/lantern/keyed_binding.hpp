// Shows a projector with keys to the machine. Users do not include this: see keyed.hpp.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "lantern/keyed.hpp"
#include "lantern/prepared_event.hpp"
#include "lantern/view_cache.hpp"
#include "lantern/view_decoding.hpp"

namespace lantern {
namespace detail {

template <class P>
class BoundKeyedProjector final : public BoundProjectorBase<P>, public KeyedPort {
  using State = typename P::State;
  using Delta = typename P::Delta;
  using Event = EventOf<P>;
  using View = CachedView<State>;
  using Slot = PreparedEvent<P>;
  static constexpr std::int32_t state_version = state_version_of<P>();

 public:
  explicit BoundKeyedProjector(P& projector) : BoundProjectorBase<P>(projector) {}

  KeyedPort* keyed() noexcept override { return this; }
  bool checkpoint_is_stored() const override { return true; }
  bool applied_by_store() const override { return false; }
  std::optional<Position> starts_after() const override { return std::nullopt; }
  Folded fold(std::span<const RecordedEvent>) override {
    return {0, Failure(FailureKind::internal, "a projector with keys is folded through its keyed port")};
  }

  CodeVersion version() const override {
    std::int64_t program = 1;
    if constexpr (requires(const P& p) { p.version(); }) program = std::as_const(this->projector_).version();
    return {program, state_version};
  }
  bool upcasts() const override { return Upcasts<P>; }
  void keep_at_most(std::size_t views) override { cache_.limit(views); }

  /// The views that are decoded.
  [[nodiscard]] ViewCache<State>& in_memory() noexcept { return cache_; }

  // ---- before a fold ----

  void prepare(std::span<const RecordedEvent> events) override {
    if (first_ < slots_.size()) {
      if (!slots_[first_].event) prepare_from(first_, events.first(1));
      return;
    }
    start_over();
    cache_.trim();
    slots_.resize(events.size());
    prepare_from(0, events);
  }
  std::size_t prepared() const noexcept override { return slots_.size() - first_; }
  std::vector<std::string> missing() const override {
    std::vector<std::string> keys;
    keys.reserve(missing_.size());
    for (const View* view : missing_) keys.push_back(*view->key);
    return keys;
  }

  std::optional<std::string> load(LoadedViews found) override {
    for (const std::string& key : found.parked) {
      View* view = awaited(key);
      if (!view) return "it says of a key that was not asked for that it is parked";
      view->parked = true;
    }
    for (const StoredView& stored : found.views) {
      View* view = awaited(stored.key);
      if (!view) return "it gives a view that was not asked for, or gives it twice";
      view->loaded = true;
      view->version = stored.version;
      view->edition = stored.edition;
      view->position = stored.position;
      if (stored.state) decode(*view, stored);
    }
    for (View* view : missing_) view->loaded = true;
    missing_.clear();
    return std::nullopt;
  }

  // ---- the fold ----

  KeyedFold fold(std::span<const RecordedEvent> events, const Stamp& stamp) override {
    KeyedFold done;
    const std::size_t count = std::min(events.size(), prepared());
    half_done_ = false;
    try {
      while (done.applied < count) {
        const Slot& slot = slots_[first_];
        if (slot.not_read) {
          ++done.applied, ++first_;
          continue;
        }
        if (!slot.event) {
          done.failure = slot.event.error();
          return done;
        }
        failing_ = nullptr;
        done.failure = apply_event(slot, events[done.applied], stamp, done);
        if (done.failure) break;
        ++done.applied, ++first_;
      }
    } catch (...) {
      done.failure = failure_of(std::current_exception());
      done.spoiled = half_done_;
    }
    if (done.failure && failing_) done.failed_key = *failing_->key;
    return done;
  }

  void skip() override {
    for (const QuarantineRecord& record : own_records_) cache_.at(*record.key).parked = false;
    own_records_.clear();
    ++first_;
  }

  bool park(QuarantineRecord record) override {
    if (!failing_) return false;
    mark_parked(*failing_);
    failing_->parked_at = record.position;
    record.key = *failing_->key;
    own_records_.push_back(std::move(record));
    failing_ = nullptr;
    return true;
  }

  // ---- after a fold ----

  tl::expected<std::vector<StoredView>, Failure> changes() override {
    std::vector<StoredView> views;
    views.reserve(changed_.size());
    for (const View* view : changed_) {
      StoredView& stored = views.emplace_back();
      stored.key = *view->key;
      stored.version = view->version;
      stored.edition = view->edition;
      stored.position = view->position;
      stored.schema_version = state_version;
      if (!view->exists) continue;
      try {
        stored.state = view_codec_.encode_state(view->state);
      } catch (...) {
        return tl::unexpected(unencodable(*view->key));
      }
    }
    return views;
  }

  std::vector<Frame> committed() override {
    for (View* view : changed_) view->changed = false;
    changed_.clear();
    for (View* view : held_) view->held = false;
    held_.clear();
    std::vector<Frame> frames;
    frames.swap(frames_);
    frames_.reserve(frames.size());
    return frames;
  }

  void forget() override {
    start_over();
    changed_.clear();
    held_.clear();
    frames_.clear();
    cache_.clear();
  }

 private:
  void start_over() {
    slots_.clear();
    refs_.clear();
    missing_.clear();
    own_records_.clear();
    first_ = 0;
    failing_ = nullptr;
  }

  void prepare_from(std::size_t slot, std::span<const RecordedEvent> events) {
    for (std::size_t done = 0; done < events.size();) {
      try {  // one block around the loop: no cost per event
        for (; done < events.size(); ++done) prepare_one(slots_[slot + done], events[done]);
      } catch (...) {
        slots_[slot + done++].event = tl::unexpected(failure_of(std::current_exception()));
      }
    }
  }

  void prepare_one(Slot& slot, const RecordedEvent& recorded) {
    slot.begin = refs_.size();
    slot.count = 0;
    ++naming_;
    if constexpr (UpcastsEvents<P>) {
      if (!this->is_current(recorded) && !slot.take(this->updated(recorded))) return;
    }
    slot.event = this->decoded(slot.current(recorded));
    if (!slot.event) return;
    std::optional<Failure> refused;
    with_event(*slot.event, slot.current(recorded),
               [&](const auto& event) { refused = find_views(slot, this->projector_.keys(event)); });
    if (refused) slot.event = tl::unexpected(*std::move(refused));
  }

  template <class K>
  std::optional<Failure> find_views(Slot& slot, K&& keys) {  // a range may be one that changes as it is walked
    using Keys = std::remove_cvref_t<K>;
    if constexpr (OneKey<Keys>) return find_view(slot, std::string_view(keys));
    else if constexpr (is_optional_key<Keys>) return keys ? find_view(slot, std::string_view(*keys)) : std::nullopt;
    else {
      for (auto&& key : keys) {
        if (auto refused = find_view(slot, std::string_view(key))) return refused;
      }
      return std::nullopt;
    }
  }

  std::optional<Failure> find_view(Slot& slot, std::string_view key) {
    if (auto refused = misnamed(key)) return refused;
    View& view = cache_.at(key);
    if (std::exchange(view.named_by, naming_) == naming_) return std::nullopt;  // named twice
    refs_.push_back(&view);
    ++slot.count;
    if (!view.loaded && !view.asked_for) {
      missing_.push_back(&view);
      view.asked_for = true;
    }
    return std::nullopt;
  }

  /// The view of this key, if it is asked for and did not come yet.
  View* awaited(std::string_view key) {
    View* view = cache_.find(key);
    return view && !view->loaded ? view : nullptr;
  }

  void decode(View& view, const StoredView& stored) {
    auto state = decode_view_with(this->projector_, view_codec_, stored);
    view.exists = state.has_value();
    if (state) view.state = *std::move(state);
    else view.unreadable = std::make_unique<Failure>(std::move(state).error());
  }

  template <class Use>
  void with_event(const DecodedEvent<P>& decoded, const RecordedEvent& recorded, const Use& use) {
    if constexpr (!HasCodec<P>) use(recorded);
    else if constexpr (takes_whole_event<P>) use(decoded);
    else std::visit(use, decoded);
  }

  std::optional<Failure> apply_event(const Slot& slot, const RecordedEvent& recorded, const Stamp& stamp,
                                     KeyedFold& done) {
    std::optional<Failure> failure;
    with_event(*slot.event, slot.current(recorded),
               [&](const auto& event) { failure = apply_to_views(slot, event, recorded, stamp, done); });
    return failure;
  }

  std::span<View* const> views_of(const Slot& slot) const { return std::span(refs_).subspan(slot.begin, slot.count); }

  template <class E>
  std::optional<Failure> apply_to_views(const Slot& slot, const E& event, const RecordedEvent& recorded,
                                        const Stamp& stamp, KeyedFold& done) {
    const auto views = views_of(slot);
    staged_ = 0;
    std::size_t waiting = 0;
    for (View* view : views) {
      if (view->parked || view->unreadable) {
        ++waiting;
        continue;
      }
      failing_ = view;
      const ViewAt at{*view->key, recorded.position, view->version};
      if constexpr (cannot_fail<P, E>) {
        half_done_ = true;
        const Change<Delta> change = apply_to(this->projector_, view->state, event, at);
        std::string payload = payload_of(change, stamp);
        finish(*view, change, std::move(payload), recorded.position, stamp);
      } else {
        Staged& staged = stage(*view);
        auto result = apply_to(this->projector_, staged.state, event, at);
        if constexpr (std::same_as<decltype(result), Change<Delta>>) {
          staged.payload = payload_of(result, stamp);
          staged.change = std::move(result);
        } else {
          if (!result) return as_failure(std::move(result).error());
          staged.payload = payload_of(*result, stamp);
          staged.change = *std::move(result);
        }
      }
    }
    failing_ = nullptr;
    half_done_ = true;
    if constexpr (!cannot_fail<P, E>) {
      for (std::size_t i = 0; i < staged_; ++i) {
        Staged& staged = stage_[i];
        if (staged.change.delta()) std::swap(staged.view->state, staged.state);
        finish(*staged.view, staged.change, std::move(staged.payload), recorded.position, stamp);
      }
    }
    if (waiting > 0) record(views, recorded, done);
    half_done_ = false;
    if (waiting > 0 && waiting == views.size()) ++done.waited;
    return std::nullopt;
  }

  /// What an event does to one view, before it is known to do well for all of its keys.
  struct Staged {
    View* view{};
    State state{};
    Change<Delta> change = unchanged;
    std::string payload{};
  };

  /// Kept from event to event, with whatever memory the last state had.
  Staged& stage(View& view) {
    if (staged_ == stage_.size()) stage_.emplace_back();
    Staged& staged = stage_[staged_++];
    staged.view = &view;
    staged.state = view.state;
    return staged;
  }

  std::string payload_of(const Change<Delta>& change, const Stamp& stamp) {
    if (!stamp.frames || !change.delta()) return {};
    return std::string(view_codec_.encode_delta(*change.delta()));
  }

  void finish(View& view, const Change<Delta>& change, std::string payload, Position position, const Stamp& stamp) {
    if (change.is_unchanged() || (change.is_erased() && !view.exists)) {
      if (change.is_erased()) view.state = State{};
      return;
    }
    if (change.is_erased()) view.state = State{};
    view.exists = !change.is_erased();
    ++view.version;
    view.position = position;
    if (!std::exchange(view.changed, true)) changed_.push_back(&view);
    if (!stamp.frames) return;
    frames_.push_back({*view.key, Moment{stamp.generation, view.edition, view.version}, position,
                       view.exists ? Frame::Kind::delta : Frame::Kind::erased, std::move(payload)});
  }

  void mark_parked(View& view) {
    view.parked = view.held = true;
    held_.push_back(&view);
  }

  /// The event waits behind those of its keys that are parked.
  void record(std::span<View* const> views, const RecordedEvent& event, KeyedFold& done) {
    for (View* view : views) {
      if (!view->parked && !view->unreadable) continue;
      if (view->parked_at == event.position) continue;  // it is what parked the key: see own_records_
      done.records.push_back(record_for(event, *view->key, view->parked ? nullptr : view->unreadable.get()));
      if (!view->parked) mark_parked(*view);
    }
    std::ranges::move(own_records_, std::back_inserter(done.records));
    own_records_.clear();
  }

  typename P::view_codec view_codec_{};
  ViewCache<State> cache_{};
  std::vector<Slot> slots_{};  ///< one for each event that is prepared
  std::size_t first_{};        ///< the first of them that is not folded yet
  std::uint64_t naming_{};     ///< counts events whose keys were asked for
  std::vector<View*> refs_{};
  std::vector<View*> missing_{};
  std::vector<Staged> stage_{};
  std::size_t staged_{};
  std::vector<View*> changed_{};                 ///< by the open batch, each once
  std::vector<View*> held_{};                    ///< parked by it
  std::vector<Frame> frames_{};                  ///< of the open batch
  std::vector<QuarantineRecord> own_records_{};  ///< of keys that the next event parked
  View* failing_{};                              ///< that the last event failed for
  bool half_done_{};                             ///< a view may be changed, but not all of what the event does
};

}  // namespace detail

/// Shows a projector with keys to the machine. Borrows it: the projector must outlive the port.
template <class P>
requires(detail::looks_keyed<P>()) [[nodiscard]] std::unique_ptr<ProjectorPort> bind_projector(P& projector) {
  static_assert(detail::HasStateAndDelta<P>,
                "a keyed projector needs types `State` (default-constructible, copyable) and `Delta` (movable)");
  static_assert(
      requires { typename P::view_codec; },
      "a keyed projector needs a `view_codec`, lantern::JsonViewCodec<State, Delta> for one");
  static_assert(
      detail::view_codec_fits<P>(),
      "a keyed projector's view_codec must be default-constructible and have `encode_state(const State&)` and "
      "`encode_delta(const Delta&)` that return std::string, and `decode_state(std::string_view)` that "
      "returns tl::expected<State, lantern::Failure>");
  detail::check_common_members<P>();
  static_assert(!detail::has_starts_after<P>() && !detail::is_applied_by_store<P>(),
                "a keyed projector's views are in the store: it has no starts_after, and is not applied by the store");
  static_assert(detail::version_fits<P>(), "a projector's `version() const` must return a std::int64_t");
  static_assert(detail::state_version_of<P>() >= 1, "a keyed projector's state_version is a number from 1 up");
  static_assert(detail::upcast_fits<P>(),
                "a keyed projector's upcast_view must be callable as `upcast_view(std::int32_t from, std::string_view "
                "bytes)` and return tl::expected<State, lantern::Failure>");
  static_assert(
      detail::each_event_passes<P, detail::TestKeys>(),
      "a keyed projector needs a member `keys(event)` that returns a string, an optional of one or a range of "
      "them, for `const lantern::RecordedEvent&`, or, with a codec, for the codec's event_type or each "
      "alternative of it");
  static_assert(
      detail::each_event_passes<P, detail::TestApply>(),
      "a keyed projector needs a member `apply(State&, event)` for `const lantern::RecordedEvent&`, or, with a "
      "codec, for the codec's event_type or each alternative of it; with a third parameter lantern::ViewAt if "
      "it likes");
  if constexpr (KeyedProjector<P>) {
    return std::make_unique<detail::BoundKeyedProjector<P>>(projector);
  } else {
    // Said only when nothing above was.
    constexpr bool both =
        detail::each_event_passes<P, detail::TestKeys>() && detail::each_event_passes<P, detail::TestApply>();
    static_assert(!both || detail::events_fit<P>(),
                  "keys and apply must both take the codec's event_type, or both each alternative of it");
    static_assert(!both || !detail::events_fit<P>() || detail::results_fit<P>(),
                  "a keyed projector's apply must return lantern::Change<Delta>, or tl::expected of it with an error "
                  "that is lantern::Failure or converts to std::string");
    return nullptr;
  }
}

}  // namespace lantern
