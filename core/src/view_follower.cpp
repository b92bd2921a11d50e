#include "lantern/view_follower.hpp"

#include <algorithm>
#include <utility>

#include "followed_key.hpp"

namespace lantern {
namespace {

using detail::FollowedKey;
using detail::follows;
using detail::is_news;
using detail::tells_of;

bool is_busy(const FollowedKey& key) { return key.reading || key.again || !key.held.empty(); }

}  // namespace

ViewFollower::ViewFollower(ProjectionId projection, ViewScope scope, FollowerLimits limits)
    : projection_(std::move(projection)), scope_(std::move(scope)), limits_(limits) {}

// ---- what comes ----

FollowerSteps ViewFollower::begin() {
  begun_ = true;
  read_all();
  return done();
}

FollowerSteps ViewFollower::check() {
  if (begun_) read_all();
  return done();
}

FollowerSteps ViewFollower::check(std::string_view key) {
  if (!begun_ || !covers(scope_, key)) return {};
  Known& of = known(key);
  of.second.unsure = true;
  if (of.second.reading) {
    of.second.again = true;
    waiting_.insert(of.first);
  } else {
    // Also where a scan comes by: the page that is asked for may be older than what is wrong.
    of.second.reading = true;
    ++reading_;
    steps_.reads.emplace_back(GetView{projection_, of.first, {}});
  }
  tidy(of.first);
  return done();
}

FollowerSteps ViewFollower::take(const Frame& frame) {
  // The first read is asked for later than this: it tells of all that came before.
  if (!begun_ || !covers(scope_, frame.key)) return {};
  saw(frame.moment.generation);
  Known& of = known(frame.key);
  FollowedKey& key = of.second;
  if (is_news(key, frame)) {
    if (!key.last && doubt_ && tells_of(*doubt_, frame.moment, detail::event_of(frame))) key.unsure = true;
    if (follows(key, frame)) {
      show(of, frame);
      drain(of);
    } else {
      hold(of, frame);
      ask(of);
    }
  }
  tidy(frame.key);
  return done();
}

FollowerSteps ViewFollower::answer(const GetView& asked, const GetView::Answer& found) {
  const auto of = keys_.find(asked.key);
  if (of == keys_.end() || !of->second.reading) return {};
  of->second.reading = false;
  --reading_;
  saw(found.as_of.generation);
  learn(*of, found.view ? &*found.view : nullptr, found.as_of);
  after_answer(*of);
  tidy(asked.key);
  return done();
}

FollowerSteps ViewFollower::answer(const ScanViews& asked, const ScanViews::Page& page) {
  if (!scan_ || asked.after != scan_->after) return {};
  const auto after = scan_->after;
  const auto last = page.next();
  const auto in_page = [&](const std::string& key) { return (!after || key > *after) && (!last || key <= *last); };
  if (page.more && (!last || (after && *last <= *after))) {  // one that leads nowhere says nothing of what comes after
    ask_page();
    return done();
  }

  saw(page.as_of.generation);
  scan_->lowest = std::min(scan_->lowest.value_or(page.as_of.generation), page.as_of.generation);
  std::vector<std::string> listed;
  for (const StoredView& view : page.views) {
    if (!covers(scope_, view.key) || !in_page(view.key)) continue;
    Known& of = known(view.key);
    learn(of, &view, page.as_of);
    if (of.second.unsure) waiting_.insert(view.key);
    listed.push_back(view.key);
  }
  const auto begin = after ? keys_.upper_bound(*after) : keys_.begin();
  const auto end = last ? keys_.upper_bound(*last) : keys_.end();
  for (auto of = begin; of != end; ++of) {
    const bool found = std::ranges::binary_search(page.views, of->first, {}, &StoredView::key);
    if (found) continue;
    learn(*of, nullptr, page.as_of);
    listed.push_back(of->first);
  }
  ranges_.set(after, last, page.as_of);

  if (last) {
    scan_->after = last;
    ask_page();
  } else if (scan_->again || scan_->lowest < generation_) {
    scan_ = Scan{};
    ask_page();
  } else {
    scan_.reset();
  }

  const std::vector<std::string> waiting(waiting_.begin(), waiting_.end());
  for (const std::string& name : waiting) {
    Known& of = *keys_.find(name);
    if (scan_comes_by(name)) drop_held(of);  // the page that it is on was asked for just now
    else if (in_page(name)) after_answer(of);
    tidy(name);
  }
  for (const std::string& name : listed) tidy(name);
  return done();
}

bool ViewFollower::settled() const noexcept { return begun_ && !scan_ && reading_ == 0 && waiting_.empty(); }

// ---- what is asked for ----

void ViewFollower::saw(Generation generation) {
  if (generation_ && generation <= *generation_) return;
  const bool first = !generation_;
  generation_ = generation;
  // A single key's own frame or read has told of it.
  if (!first && !one_key()) read_all();
}

void ViewFollower::read_all() {
  if (const auto* one = std::get_if<OneKey>(&scope_)) {
    Known& of = known(one->key);
    if (of.second.reading) {
      of.second.again = true;
      waiting_.insert(of.first);
    }
    ask(of);
  } else if (scan_) {
    scan_->again = true;
  } else {
    scan_ = Scan{};
    ask_page();
  }
}

void ViewFollower::ask(Known& of) {
  if (of.second.reading || scan_comes_by(of.first)) return;
  of.second.reading = true;
  ++reading_;
  steps_.reads.emplace_back(GetView{projection_, of.first, {}});
}

void ViewFollower::ask_page() {
  ScanViews page{.projection = projection_, .after = scan_->after, .limit = limits_.page.value()};
  if (const auto* some = std::get_if<KeyPrefix>(&scope_)) page.prefix = some->prefix;
  steps_.reads.emplace_back(std::move(page));
}

bool ViewFollower::scan_comes_by(std::string_view key) const { return scan_ && (!scan_->after || key > *scan_->after); }

// ---- what is known of a key ----

ViewFollower::Known& ViewFollower::known(std::string_view key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) return *found;
  Known& of = *keys_.emplace(std::string(key), FollowedKey{}).first;
  if (const AsOf* seen = ranges_.find(key)) of.second.seen = *seen;
  return of;
}

void ViewFollower::hold(Known& of, const Frame& frame) {
  FollowedKey& key = of.second;
  waiting_.insert(of.first);
  const auto at = std::ranges::lower_bound(key.held, frame.moment, {}, &Frame::moment);
  if (at != key.held.end() && at->moment == frame.moment) return;
  if (held_ < limits_.frames.value()) {
    key.held.insert(at, frame);
    ++held_;
    return;
  }
  held_ -= key.held.size();
  key.held.clear();
  key.again = true;
}

void ViewFollower::drop_held(Known& of) {
  held_ -= of.second.held.size();
  of.second.held.clear();
  of.second.again = false;
  waiting_.erase(of.first);
}

void ViewFollower::show(Known& of, const Frame& frame) {
  FollowedKey& key = of.second;
  const bool from_nothing = !key.shown || frame.moment.version == 1;
  key.last = frame.moment;
  key.position = detail::event_of(frame);
  key.reached = frame.position;
  switch (frame.kind) {
    case Frame::Kind::delta:
      key.shown = true;
      steps_.changes.emplace_back(ShowDelta{frame, from_nothing});
      return;
    case Frame::Kind::snapshot:
      key.shown = true;
      steps_.changes.emplace_back(ShowState{frame.key, frame.moment, frame.position, frame.payload, {}});
      return;
    case Frame::Kind::erased:
    case Frame::Kind::reset:
      if (std::exchange(key.shown, false)) steps_.changes.emplace_back(ShowGone{frame.key});
      return;
  }
}

void ViewFollower::drain(Known& of) {
  auto& held = of.second.held;
  auto next = held.begin();
  for (; next != held.end(); ++next) {
    if (!is_news(of.second, *next)) continue;
    if (!follows(of.second, *next)) break;
    show(of, *next);
  }
  held_ -= static_cast<std::size_t>(next - held.begin());
  held.erase(held.begin(), next);
  if (held.empty() && !of.second.again) waiting_.erase(of.first);
}

/// A read found this view, or none.
void ViewFollower::learn(Known& of, const StoredView* view, const AsOf& as_of) {
  FollowedKey& key = of.second;
  if (key.seen && !detail::at_least(as_of, *key.seen)) return;  // an answer that comes late
  const bool first = !key.seen;
  key.seen = as_of;
  if (view) {
    const Moment moment{as_of.generation, view->edition, view->version};
    if (!key.last || moment > *key.last || (key.unsure && moment == *key.last)) {
      key.last = moment;
      key.position = view->position;
      key.shown = true;
      key.unsure = false;
      steps_.changes.emplace_back(
          ShowState{of.first, moment, view->position, view->state.value_or(std::string()), view->schema_version});
    }
  } else if (!key.last || tells_of(as_of, *key.last, key.position)) {
    key.unsure = false;
    // Who follows a single key is told also that there is none at first.
    if (std::exchange(key.shown, false) || (first && one_key())) steps_.changes.emplace_back(ShowGone{of.first});
  }
  drain(of);
}

void ViewFollower::after_answer(Known& of) {
  FollowedKey& key = of.second;
  if (!key.again && !key.unsure && key.held.empty()) return;
  // Another answer is still to come. It may be older than what was lost, so the loss is not forgotten.
  if (key.reading || scan_comes_by(of.first)) return;
  key.again = false;
  if (key.held.empty()) waiting_.erase(of.first);
  ask(of);
}

/// Keys that are not shown are remembered only while that is of use.
void ViewFollower::tidy(const std::string& name) {
  const auto of = keys_.find(name);
  if (one_key() || of == keys_.end()) return;
  const FollowedKey& key = of->second;
  if (key.shown || is_busy(key)) {
    gone_.erase(name);
    return;
  }
  const AsOf* seen = ranges_.find(name);
  const bool nothing_new =
      seen && key.seen ? detail::at_least(*seen, *key.seen) && (!key.last || tells_of(*seen, *key.last, key.position))
                       : !key.seen;
  if (nothing_new) {
    gone_.erase(name);
    keys_.erase(of);
    return;
  }
  gone_.insert(name);
  // Not during a scan: a page that is on its way may still show them.
  if (!scan_ && gone_.size() > limits_.gone.value()) forget_gone();
}

void ViewFollower::forget_gone() {
  const auto doubt = [&](const AsOf& as_of) {
    if (!doubt_ || doubt_->generation < as_of.generation) doubt_ = as_of;
    if (doubt_->generation > as_of.generation) return;
    doubt_->revision = std::max(doubt_->revision, as_of.revision);
    doubt_->position = std::max(doubt_->position, as_of.position);
  };
  for (const std::string& name : gone_) {
    const auto of = keys_.find(name);
    if (of->second.seen) doubt(*of->second.seen);
    if (of->second.last) doubt(AsOf{of->second.last->generation, of->second.reached, of->second.last->edition});
    keys_.erase(of);
  }
  gone_.clear();
}

}  // namespace lantern
