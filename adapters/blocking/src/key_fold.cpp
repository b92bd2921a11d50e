#include "lantern/blocking/key_fold.hpp"

#include <algorithm>

namespace lantern::detail {
namespace {

std::string at(const RecordedEvent& event) { return "the event at " + std::to_string(event.position.value); }

}  // namespace

KeyFold::KeyFold(std::unique_ptr<ProjectorPort> projector, std::string key)
    : projector_(std::move(projector)), port_(*projector_->keyed()), key_(std::move(key)) {
  port_.keep_at_most(1);
}

CodeVersion KeyFold::code() const { return port_.version(); }
bool KeyFold::upcasts() const { return port_.upcasts(); }
tl::expected<EventFilter, Failure> KeyFold::filter() const {
  try {
    return projector_->filter();
  } catch (...) {
    return tl::unexpected(failure_of(std::current_exception()));
  }
}

void KeyFold::reset() {
  port_.forget();
  passed_ = 0;
}

std::optional<Failure> KeyFold::load_missing() {
  LoadedViews others;
  others.parked = port_.missing();
  if (others.parked.empty()) return std::nullopt;
  std::erase(others.parked, key_);
  if (auto wrong = port_.load(std::move(others))) return Failure(FailureKind::internal, *std::move(wrong));
  return std::nullopt;
}

std::optional<Failure> KeyFold::refuse(const RecordedEvent& event) {
  port_.forget();
  const std::span<const RecordedEvent> alone(&event, 1);
  port_.prepare(alone);
  const bool is_of_key = std::ranges::count(port_.missing(), key_) > 0;
  std::optional<Failure> why;
  if (!is_of_key) {
    if (auto failed = load_missing()) return failed;
    why = port_.fold(alone, {}).failure;  // of one whose keys cannot be known
    if (!why)
      why = Failure(FailureKind::invalid, at(event) + " is not of key '" + one_line(key_) + "'",
                    "give events of this key only");
  }
  port_.forget();
  return why;
}

std::optional<Failure> KeyFold::apply(std::span<const RecordedEvent> events) {
  while (!events.empty()) {
    port_.prepare(events);
    if (auto failed = load_missing()) return failed;
    const KeyedFold folded = port_.fold(events, {});
    events = events.subspan(folded.applied);
    if (!folded.failure) continue;
    if (auto failed = pass(events.front(), folded)) return failed;
    events = events.subspan(1);
  }
  return std::nullopt;
}

std::optional<Failure> KeyFold::pass(const RecordedEvent& event, const KeyedFold& folded) {
  Failure failure = *folded.failure;
  const bool may_pass =
      !folded.spoiled && (!folded.failed_key || projector_->on_error({failure, event, event.position, 0,
                                                                      *folded.failed_key}) == FailureStrategy::Skip);
  if (!may_pass) {
    failure.what = at(event) + " cannot be applied to key '" + one_line(key_) + "': " + failure.what;
    return failure;
  }
  port_.skip();
  ++passed_;
  return std::nullopt;
}

tl::expected<StoredView, Failure> KeyFold::view() {
  auto changes = port_.changes();
  if (!changes) return tl::unexpected(std::move(changes).error());
  StoredView made = changes->empty() ? StoredView{} : std::move(changes->front());
  made.key = key_;
  if (!made.state) made.version = 0, made.position.reset();
  return made;
}

std::span<const RecordedEvent> up_to(const EventPage& page, Position last) noexcept {
  const auto events = page.events();
  const auto end = std::ranges::upper_bound(events, last, {}, &RecordedEvent::position);
  return events.first(static_cast<std::size_t>(end - events.begin()));
}

}  // namespace lantern::detail
