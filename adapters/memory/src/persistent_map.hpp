// An ordered map whose versions share what they have in common.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

namespace lantern::detail {

/// A value: to copy it costs nothing, and a copy never changes, whatever is done to the one it was copied from. So a
/// reader that holds one sees one instant, for as long as it likes. To put or to erase an entry costs O(log n), as a
/// balanced tree (AVL: the heights of two children differ by one at most) of which only the path is made anew.
///
/// Different copies may be used by different threads at once.
template <class Key, class Value>
class PersistentMap {
 public:
  struct Entry {
    Key key;
    Value value;
  };

  [[nodiscard]] bool empty() const noexcept { return !root_; }

  /// Null when there is none.
  template <class K>
  [[nodiscard]] const Value* find(const K& key) const {
    for (const Node* at = root_.get(); at;) {
      if (key < at->entry->key) at = at->left.get();
      else if (at->entry->key < key) at = at->right.get();
      else return &at->entry->value;
    }
    return nullptr;
  }

  /// In place of the value that this key has.
  void put(Key key, Value value) {
    root_ = with(root_, std::make_shared<const Entry>(Entry{std::move(key), std::move(value)}));
  }

  template <class K>
  void erase(const K& key) {
    if (find(key)) root_ = without(root_, key);
  }

  /// Calls `visit(entry)` for the entries whose key is not before `from`, in ascending order, as long as it says true.
  template <class K, class Visit>
  void each_from(const K& from, Visit visit) const {
    static_cast<void>(walk(root_.get(), &from, visit));
  }
  /// The same for all entries.
  template <class Visit>
  void each(Visit visit) const {
    static_cast<void>(walk(root_.get(), static_cast<const Key*>(nullptr), visit));
  }

 private:
  struct Node;
  using Tree = std::shared_ptr<const Node>;
  using Shared = std::shared_ptr<const Entry>;
  struct Node {
    Shared entry;
    Tree left, right;
    int height;
  };

  static int height(const Tree& tree) noexcept { return tree ? tree->height : 0; }

  static Tree join(Tree left, Shared entry, Tree right) {
    const int high = 1 + std::max(height(left), height(right));
    return std::make_shared<const Node>(Node{std::move(entry), std::move(left), std::move(right), high});
  }

  /// The same where the heights differ by two at most.
  static Tree balanced(Tree left, Shared entry, Tree right) {
    if (height(left) > height(right) + 1) {
      if (height(left->left) >= height(left->right)) {
        return join(left->left, left->entry, join(left->right, std::move(entry), std::move(right)));
      }
      const Node& middle = *left->right;
      return join(join(left->left, left->entry, middle.left), middle.entry,
                  join(middle.right, std::move(entry), std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      if (height(right->right) >= height(right->left)) {
        return join(join(std::move(left), std::move(entry), right->left), right->entry, right->right);
      }
      const Node& middle = *right->left;
      return join(join(std::move(left), std::move(entry), middle.left), middle.entry,
                  join(middle.right, right->entry, right->right));
    }
    return join(std::move(left), std::move(entry), std::move(right));
  }

  static Tree with(const Tree& tree, Shared entry) {
    if (!tree) return join(nullptr, std::move(entry), nullptr);
    if (entry->key < tree->entry->key) {
      return balanced(with(tree->left, std::move(entry)), tree->entry, tree->right);
    }
    if (tree->entry->key < entry->key) {
      return balanced(tree->left, tree->entry, with(tree->right, std::move(entry)));
    }
    return join(tree->left, std::move(entry), tree->right);
  }

  template <class K>
  static Tree without(const Tree& tree, const K& key) {
    if (key < tree->entry->key) return balanced(without(tree->left, key), tree->entry, tree->right);
    if (tree->entry->key < key) return balanced(tree->left, tree->entry, without(tree->right, key));
    if (!tree->left) return tree->right;
    if (!tree->right) return tree->left;
    const Node* first = tree->right.get();
    while (first->left) first = first->left.get();
    return balanced(tree->left, first->entry, without(tree->right, first->entry->key));
  }

  template <class K, class Visit>
  static bool walk(const Node* at, const K* from, Visit& visit) {
    if (!at) return true;
    if (from && at->entry->key < *from) return walk(at->right.get(), from, visit);
    return walk(at->left.get(), from, visit) && visit(*at->entry) &&
           walk(at->right.get(), static_cast<const K*>(nullptr), visit);
  }

  Tree root_{};
};

}  // namespace lantern::detail
