// A store of views that remembers all it ever was, and somebody who follows it.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lantern/testing/view_history.hpp"
#include "lantern/view_follower.hpp"

namespace follower_test {

using namespace lantern;

/// Views whose state is the chain of all changes since it began: order and repetition show.
class World {
 public:
  /// One event that adds to a key's chain.
  Frame change(const std::string& key) {
    Row& row = active().rows[key];
    const std::string link = "<" + std::to_string(++head_) + ">";
    row.state = row.state.value_or("") + link;
    return commit(key, row, Frame::Kind::delta, link);
  }
  /// One event that takes a view away; nothing to take is a change.
  Frame erase(const std::string& key) {
    if (!state(key)) return change(key);
    Row& row = active().rows[key];
    ++head_;
    row.state.reset();
    return commit(key, row, Frame::Kind::erased, {});
  }
  /// ReplaceView, with a state that no chain leads to.
  Frame replace(const std::string& key) {
    Row& row = active().rows[key];
    row = {.state = "replaced" + std::to_string(head_), .version = 3, .edition = next_revision()};
    return record(key, row, Frame::Kind::snapshot, *row.state);
  }
  /// ReplaceView, without a state.
  Frame reset(const std::string& key) {
    Row& row = active().rows[key];
    row = {.edition = next_revision()};
    return record(key, row, Frame::Kind::reset, {});
  }
  /// A new generation: `gone` has no row in it, all others have other states and fewer versions.
  void rebuild(const std::string& gone) {
    Views next{.position = Position{head_}};
    for (const auto& [key, row] : active().rows) {
      if (key == gone || !row.state) continue;
      next.rows[key] = {.state = "rebuilt" + *row.state, .version = (row.version + 1) / 2, .position = row.position};
    }
    previous_ = std::exchange(active_, std::move(next));
    begin_generation();
  }
  /// The previous generation is active again, under a new number.
  void roll_back() {
    if (!previous_) return;
    std::swap(active_, *previous_);
    begin_generation();
  }

  bool pages_may_be_empty{};  ///< every other one is, and says how far it has looked

  GetView::Answer perform(const GetView& get) const {
    GetView::Answer found{.view = {}, .as_of = as_of()};
    const auto row = active_.rows.find(get.key);
    if (row != active_.rows.end() && row->second.state) found.view = stored(get.key, row->second);
    return found;
  }
  ScanViews::Page perform(const ScanViews& scan) const {
    ScanViews::Page page{.views = {}, .as_of = as_of(), .more = false};
    if (pages_may_be_empty && !(scan.after && scan.after->ends_with('\x01'))) {
      page.more = true;
      page.scanned_to = scan.after.value_or("") + '\x01';
      return page;
    }
    for (const auto& [key, row] : active_.rows) {
      if (!row.state || !key.starts_with(scan.prefix) || (scan.after && key <= *scan.after)) continue;
      if (page.views.size() == scan.limit) {
        page.more = true;
        break;
      }
      page.views.push_back(stored(key, row));
    }
    return page;
  }

  std::optional<std::string> state(const std::string& key) const {
    const auto row = active_.rows.find(key);
    return row == active_.rows.end() ? std::nullopt : row->second.state;
  }
  /// What is stored now.
  std::map<std::string, std::string> states(const ViewScope& scope) const {
    std::map<std::string, std::string> all;
    for (const auto& [key, row] : active_.rows) {
      if (row.state && covers(scope, key)) all[key] = *row.state;
    }
    return all;
  }
  /// What was stored for each key at each of its moments.
  const testing::ViewHistory& history() const { return history_; }

 private:
  struct Row {
    std::optional<std::string> state{};
    std::int64_t version{};
    Revision edition{};
    std::optional<Position> position{};
  };
  struct Views {
    std::map<std::string, Row> rows{};
    std::optional<Position> position{};
    Revision revision{};
  };

  Views& active() { return active_; }
  AsOf as_of() const { return {generation_, active_.position, active_.revision}; }
  Revision next_revision() { return active_.revision = Revision{active_.revision.value + 1}; }
  StoredView stored(const std::string& key, const Row& row) const {
    return {.key = key, .state = row.state, .version = row.version, .edition = row.edition, .position = row.position};
  }
  Frame commit(const std::string& key, Row& row, Frame::Kind kind, std::string payload) {
    ++row.version;
    row.position = active_.position = Position{head_};
    return record(key, row, kind, std::move(payload));
  }
  Frame record(const std::string& key, const Row& row, Frame::Kind kind, std::string payload) {
    const Moment moment{generation_, row.edition, row.version};
    history_.note(key, moment, row.state);
    return {key, moment, active_.position.value_or(Position{}), kind, std::move(payload)};
  }
  void begin_generation() {
    ++generation_.value;
    for (const auto& [key, row] : active_.rows) history_.note(key, {generation_, row.edition, row.version}, row.state);
  }

  Views active_{};
  std::optional<Views> previous_{};
  Generation generation_{1};
  std::int64_t head_{};
  testing::ViewHistory history_{};
};

using Answer = std::variant<std::pair<GetView, GetView::Answer>, std::pair<ScanViews, ScanViews::Page>>;

/// The answer of this instant, to be handed over whenever.
inline Answer perform(const World& world, const ViewRead& read) {
  return std::visit([&](const auto& asked) -> Answer { return std::pair(asked, world.perform(asked)); }, read);
}

/// A follower, its screen, and the reads that it waits for.
class Viewer {
 public:
  Viewer(const World& world, ViewScope scope, FollowerLimits limits = {})
      : world_(&world), follower_({"orders"}, std::move(scope), limits), screen_(world.history()) {}

  void begin() { act(follower_.begin()); }
  void take(const Frame& frame) { act(follower_.take(frame)); }
  void check() { act(follower_.check()); }
  void answer(const Answer& found) {
    std::visit([&](const auto& f) { act(follower_.answer(f.first, f.second)); }, found);
  }
  /// Has the store answer the read, and hands the answer over: the usual way.
  void answer_all() {
    for (int rounds = 0; !asked_.empty(); ++rounds) {
      if (rounds == 1000) throw std::logic_error("it reads for ever");
      const ViewRead read = asked_.front();
      asked_.erase(asked_.begin());
      answer(perform(*world_, read));
    }
  }
  /// The reads that nobody performs yet.
  std::vector<ViewRead>& asked() { return asked_; }
  const ViewFollower& follower() const { return follower_; }
  const std::map<std::string, std::string>& shown() const { return screen_.views(); }
  bool shows_what_is_stored() const { return follower_.settled() && shown() == world_->states(follower_.scope()); }

 private:
  void act(const FollowerSteps& steps) {
    // Thrown rather than checked: there are millions of them.
    if (auto broken = screen_.show(steps)) throw std::logic_error(*broken);
    asked_.insert(asked_.end(), steps.reads.begin(), steps.reads.end());
  }

  const World* world_;
  ViewFollower follower_;
  testing::ShownViews screen_;
  std::vector<ViewRead> asked_{};
};

}  // namespace follower_test
