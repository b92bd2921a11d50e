#include "text_fields.hpp"

#include <algorithm>
#include <map>

namespace lantern::testing {
namespace {

/// Takes JSON apart. It refuses nothing that a codec writes, and is no judge of what others do.
class JsonParts {
 public:
  explicit JsonParts(std::string_view text) : rest_(text) {}

  std::optional<std::vector<TextField>> all() && {
    space();
    value(0);
    space();
    if (!good_ || !rest_.empty()) return std::nullopt;
    return std::move(fields_);
  }

 private:
  static constexpr int deepest = 100;

  void value(int depth) {
    if (depth > deepest) good_ = false;
    if (!good_) return;
    if (rest_.starts_with('{')) members(depth, '}');
    else if (rest_.starts_with('[')) members(depth, ']');
    else if (rest_.starts_with('"')) keep(string_size());
    else keep(std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size()));
  }

  /// What is between braces or brackets.
  void members(int depth, char close) {
    const std::size_t length = path_.size();
    const std::string_view begin = rest_;
    rest_.remove_prefix(1);
    space();
    std::size_t count = 0;
    for (; good_ && !rest_.starts_with(close); ++count) {
      if (count > 0) {
        expect(',');
        space();
      }
      if (close == '}') name();
      else path_ += '[' + std::to_string(count) + ']';
      value(depth + 1);
      path_.resize(length);
      space();
    }
    expect(close);
    if (good_ && count == 0) fields_.push_back({path_, begin.substr(0, begin.size() - rest_.size())});
  }

  void name() {
    const std::size_t size = string_size();
    if (!good_) return;
    if (!path_.empty()) path_ += '.';
    path_ += rest_.substr(1, size - 2);
    rest_.remove_prefix(size);
    space();
    expect(':');
    space();
  }

  [[nodiscard]] std::size_t string_size() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (!rest_.starts_with('"') || end >= rest_.size()) good_ = false;
    return end + 1;
  }
  void keep(std::size_t size) {
    if (size == 0) good_ = false;
    if (!good_) return;
    fields_.push_back({path_, rest_.substr(0, size)});
    rest_.remove_prefix(size);
  }
  void expect(char c) {
    if (!rest_.starts_with(c)) good_ = false;
    else rest_.remove_prefix(1);
  }
  void space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
  std::string path_{};
  std::vector<TextField> fields_{};
  bool good_ = true;
};

}  // namespace

std::optional<std::vector<TextField>> json_fields(std::string_view text) { return JsonParts(text).all(); }

std::vector<TextDifference> differences(const std::vector<TextField>& first, const std::vector<TextField>& second) {
  std::map<std::string_view, std::string_view> others;
  for (const auto& field : second) others.emplace(field.path, field.value);
  std::vector<TextDifference> found;
  for (const auto& field : first) {
    const auto other = others.find(field.path);
    if (other == others.end()) {
      found.push_back({field.path, std::string(field.value), std::nullopt});
    } else {
      if (other->second != field.value) {
        found.push_back({field.path, std::string(field.value), std::string(other->second)});
      }
      others.erase(other);
    }
  }
  for (const auto& field : second) {
    if (others.contains(field.path)) found.push_back({field.path, std::nullopt, std::string(field.value)});
  }
  return found;
}

}  // namespace lantern::testing
