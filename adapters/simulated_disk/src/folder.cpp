#include "folder.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lantern::testing::simulated_disk {
namespace {

std::string_view folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == name.npos ? std::string_view() : name.substr(0, slash);
}

}  // namespace

Folder& Folder::operator=(const Folder& other) {
  if (this == &other) return *this;
  // A file has one name only, so each is copied once.
  decltype(names_) copy;
  for (const auto& [name, history] : other.names_) {
    History& mine = copy[name];
    for (const auto& file : history) {
      mine.push_back(file ? std::make_shared<File>(File{file->stored}) : nullptr);
    }
  }
  names_ = std::move(copy);
  return *this;
}

bool operator==(const Folder& a, const Folder& b) {
  const auto same_file = [](const std::shared_ptr<File>& one, const std::shared_ptr<File>& other) {
    return one && other ? one->stored == other->stored : !one && !other;
  };
  return std::ranges::equal(a.names_, b.names_, [&](const auto& one, const auto& other) {
    return one.first == other.first && std::ranges::equal(one.second, other.second, same_file);
  });
}

std::shared_ptr<File> Folder::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.back();
}

std::shared_ptr<File> Folder::make(const std::string& name) {
  History& history = names_[name];
  if (history.empty()) history.push_back(nullptr);
  history.push_back(std::make_shared<File>());
  return history.back();
}

bool Folder::remove(const std::string& name) {
  const auto found = names_.find(name);
  if (found == names_.end() || !found->second.back()) return false;
  found->second.push_back(nullptr);
  return true;
}

void Folder::sync_around(std::string_view name) {
  for (auto at = names_.begin(); at != names_.end();) {
    auto& [beside, history] = *at;
    if (folder_of(beside) == folder_of(name)) history.erase(history.begin(), history.end() - 1);
    at = history.back() || history.size() > 1 ? std::next(at) : names_.erase(at);
  }
}

bool Folder::is_in_use() const {
  return std::any_of(names_.begin(), names_.end(), [](const auto& each) {
    const auto& file = each.second.back();
    if (!file) return false;
    const auto shared = file->shared.lock();
    return file->locks.somebody_has_reserved() || (shared && shared->is_locked());
  });
}

template <class Decide>
void Folder::settle(Decide decide) {
  decltype(names_) left;
  for (const auto& [name, history] : names_) {
    const auto& file = decide(history);
    if (file) left[name] = {std::make_shared<File>(File{std::move(file->stored)})};
  }
  names_ = std::move(left);
}

void Folder::lose_power(Choices& choices) {
  settle([&](const History& history) -> const std::shared_ptr<File>& {
    std::uint32_t back = 0;
    if (history.size() > 1) {
      back = choices.choose(About::fault, static_cast<std::uint32_t>(history.size()), Chance::percent(50));
    }
    const auto& file = history[history.size() - 1 - back];
    if (file) file->stored.lose_power(choices);
    return file;
  });
}

void Folder::lose_all_that_was_not_synced() {
  settle([](const History& history) -> const std::shared_ptr<File>& {
    if (history.front()) history.front()->stored.lose_all_that_was_not_synced();
    return history.front();
  });
}

}  // namespace lantern::testing::simulated_disk
