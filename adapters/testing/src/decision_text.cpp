#include "decision_text.hpp"

#include "field_writer.hpp"
#include "text_fields.hpp"

namespace lantern::testing {
namespace {

/// Takes a text of fields apart into paths and values.
class Taken {
 public:
  explicit Taken(std::string_view text) : rest_(text) { value(); }

  [[nodiscard]] const std::vector<TextField>& fields() const noexcept { return fields_; }

 private:
  void value() {
    if (++depth_ > deepest) return keep(rest_.size());  // nothing that a recorder wrote
    take_value();
    --depth_;
  }

  void take_value() {
    const std::size_t name = rest_.find_first_of("{[\" ]}");
    if (name != rest_.npos && name > 0 && rest_[name] == '{') {  // of the kind that stands here
      keep(name);
    }
    if (rest_.starts_with('{')) structure();
    else if (rest_.starts_with('[')) list();
    else if (rest_.starts_with('"')) keep(quoted_size());
    else keep(std::min(name, rest_.size()));
  }

  void structure() {
    const std::size_t length = path_.size();
    for (skip(); !rest_.empty() && !rest_.starts_with('}');) {
      const std::size_t end = std::min(rest_.find('='), rest_.size() - 1);
      if (length > 0) path_ += '.';
      path_ += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      value();
      path_.resize(length);
      if (rest_.starts_with(' ')) skip();
    }
    skip();
  }

  void list() {
    const std::size_t length = path_.size();
    skip();
    for (std::size_t i = 0; !rest_.empty() && !rest_.starts_with(']'); ++i) {
      path_ += '[' + std::to_string(i) + ']';
      value();
      path_.resize(length);
      if (rest_.starts_with(' ')) skip();
    }
    skip();
  }

  [[nodiscard]] std::size_t quoted_size() const {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, rest_.size());
  }
  void keep(std::size_t size) {
    if (size == 0) size = rest_.size();  // nothing that a recorder wrote, either
    fields_.push_back({path_, rest_.substr(0, size)});
    rest_.remove_prefix(size);
  }
  void skip() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }

  static constexpr int deepest = 20;
  std::string_view rest_;
  int depth_{};
  std::string path_{};
  std::vector<TextField> fields_{};
};

}  // namespace

std::string decision_text(const Step& step) {
  std::string text;
  FieldWriter writer(text);
  std::visit(
      [&](const auto& pending) {
        if constexpr (requires { pending.effect(); }) {
          using Asked = std::remove_cvref_t<decltype(pending.effect())>;
          text.append("ask ").append(Fields<Asked>::type_name) += ' ';
          writer.write(pending.effect());
        } else {
          text += "end ";
          writer.write(pending);
        }
      },
      static_cast<const Step::Base&>(step));
  return text;
}

void append_reply(std::string& out, const ReplySeen& seen) {
  std::visit(
      [&]<Effect E>(const ReplySeen::To<E>& to) {
        out.append(Fields<E>::type_name) += ' ';
        FieldWriter(out).write(to.value);
      },
      seen.reply);
}

std::vector<FieldDifference> decision_differences(std::string_view recorded, std::string_view now) {
  const std::vector<TextField> before = Taken(recorded).fields();
  const std::vector<TextField> after = Taken(now).fields();
  // The key of the view or record that a field is in: the one of the same list element.
  const auto key_of = [&](const TextDifference& difference) -> std::string {
    const std::string element = difference.path.substr(0, difference.path.find(']') + 1);
    for (const auto& field : difference.first ? before : after) {
      if (!element.empty() && field.path == element + ".key") return std::string(field.value);
    }
    return {};
  };
  std::vector<FieldDifference> found;
  for (TextDifference& one : differences(before, after)) {
    std::string key = key_of(one);
    found.push_back({std::move(one.path), std::move(one.first), std::move(one.second), std::move(key)});
  }
  return found;
}

}  // namespace lantern::testing
