// Decoded views in memory: a bounded number of hot ones, and all that an open batch touches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lantern/failure.hpp"
#include "lantern/view.hpp"

namespace lantern::detail {

/// One key's view, decoded.
template <class State>
struct CachedView {
  const std::string* key{};  ///< the cache's own
  State state{};             ///< as it begins, unless `exists`
  std::int64_t version{};
  Revision edition{};
  std::optional<Position> position{};
  std::unique_ptr<Failure> unreadable{};  ///< why what is stored cannot be decoded; its first event parks the key
  std::optional<Position> parked_at{};    ///< of the event that parked the key in this run
  std::uint64_t named_by{};               ///< the event that named it last, by a number of the port's own
  bool exists{};                          ///< false: it was never made, or is erased
  bool parked{};
  bool asked_for{};
  bool loaded{};   ///< what is stored is known
  bool changed{};  ///< by the open batch
  bool held{};     ///< the open batch parked it, and until that is stored nobody else knows
  bool recent{};   ///< used since the hand came by
};

/// The second-chance cache: a hand goes around, and takes out what was not used since it came by. Addresses of views
/// stay until they are taken out.
template <class State>
class ViewCache {
 public:
  using View = CachedView<State>;

  void limit(std::size_t views) noexcept { limit_ = views; }
  [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }

  /// The view of this key; a new one is not loaded yet.
  [[nodiscard]] View& at(std::string_view key) {
    auto found = views_.find(key);
    if (found == views_.end()) {
      found = views_.try_emplace(std::string(key)).first;
      found->second.key = &found->first;
      ring_.push_back(&found->second);
    }
    found->second.recent = true;
    return found->second;
  }
  /// The view of this key if it is here, or null.
  [[nodiscard]] View* find(std::string_view key) {
    const auto found = views_.find(key);
    return found == views_.end() ? nullptr : &found->second;
  }

  /// All that are here, in no order.
  [[nodiscard]] std::span<View* const> all() const noexcept { return ring_; }

  /// Takes out views until the limit is met, but none that the open batch changed or parked.
  void trim() {
    std::size_t kept = 0;  // passed over in a row because the batch needs them
    while (ring_.size() > limit_ && kept < ring_.size()) {
      if (hand_ >= ring_.size()) hand_ = 0;
      View& view = *ring_[hand_];
      if (view.changed || view.held) {
        ++kept, ++hand_;
        continue;
      }
      kept = 0;
      if (std::exchange(view.recent, false)) {
        ++hand_;
        continue;
      }
      ring_[hand_] = ring_.back();
      ring_.pop_back();
      views_.erase(views_.find(*view.key));
    }
  }

  void clear() noexcept {
    ring_.clear();
    views_.clear();
    hand_ = 0;
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, View, Hash, std::equal_to<>> views_{};
  std::vector<View*> ring_{};
  std::size_t hand_{};
  std::size_t limit_{};
};

}  // namespace lantern::detail
