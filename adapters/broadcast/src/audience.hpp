// Who follows which keys of one projection, and all projections of a broadcaster.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mailbox.hpp"

namespace lantern::detail {

using Mailboxes = std::vector<std::shared_ptr<Mailbox>>;

class Audience {
 public:
  void add(const ViewScope&, const std::shared_ptr<Mailbox>&);
  void remove(const ViewScope&, const std::shared_ptr<Mailbox>&);
  [[nodiscard]] bool empty() const noexcept { return by_key_.empty() && by_prefix_.empty(); }

  /// Calls `tell` with the mailboxes of each scope that covers the key. O(log n), and the length of the key at worst,
  /// for n prefixes.
  template <class Tell>
  void matching(std::string_view key, const Tell& tell) const {
    if (const auto found = by_key_.find(key); found != by_key_.end()) tell(found->second);
    for (auto prefix = last_prefix_of(key); prefix != by_prefix_.end();
         prefix = last_prefix_of(shorter(prefix->first))) {
      tell(prefix->second);
      if (prefix->first.empty()) return;
    }
  }
  /// Calls `tell` with the mailboxes of each scope.
  template <class Tell>
  void all(const Tell& tell) const {
    for (const auto& [key, boxes] : by_key_) tell(boxes);
    for (const auto& [prefix, boxes] : by_prefix_) tell(boxes);
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using ByPrefix = std::map<std::string, Mailboxes, std::less<>>;
  static std::string_view shorter(std::string_view text) { return text.substr(0, text.size() - 1); }
  /// The longest of the prefixes with which this key begins, or the end.
  ByPrefix::const_iterator last_prefix_of(std::string_view key) const;

  std::unordered_map<std::string, Mailboxes, Hash, std::equal_to<>> by_key_;
  ByPrefix by_prefix_;  // those who follow all keys follow the empty prefix
};

/// What broadcasters, subscribers and attachments share. The mutex guards all of it, and is held neither while a
/// callback runs nor by anybody who waits.
struct Hub {
  std::shared_mutex mutex;
  std::map<ProjectionId, Audience> audiences;  // only those that are not empty
  std::set<ProjectionId> attached;
  using Seen = std::pair<Generation, Revision>;
  std::map<ProjectionId, Seen> seen;  // what was active when somebody here looked last
};

}  // namespace lantern::detail
