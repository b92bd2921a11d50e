#include "decision_text.hpp"

#include <map>

#include "field_writer.hpp"

namespace lantern::testing {
namespace {

/// Takes a text of fields apart into paths and values.
class Taken {
 public:
  explicit Taken(std::string_view text) : rest_(text) { value(); }

  struct Field {
    std::string path;
    std::string_view value;
  };
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }

 private:
  void value() {
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
    fields_.push_back({path_, rest_.substr(0, size)});
    rest_.remove_prefix(size);
  }
  void skip() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }

  std::string_view rest_;
  std::string path_{};
  std::vector<Field> fields_{};
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

std::vector<FieldDifference> differences(std::string_view recorded, std::string_view now) {
  const Taken before(recorded);
  const Taken after(now);
  std::map<std::string_view, std::string_view> others;
  for (const auto& field : after.fields()) others.emplace(field.path, field.value);
  std::vector<FieldDifference> found;
  std::string key;    // of the view or record that the field is in
  std::string keyed;  // its path
  const auto add = [&](const std::string& path, std::optional<std::string> was, std::optional<std::string> is) {
    found.push_back({path, std::move(was), std::move(is), !keyed.empty() && path.starts_with(keyed) ? key : ""});
  };
  const auto come_by = [&](const Taken::Field& field) {
    if (!field.path.ends_with("].key")) return;
    key = field.value;
    keyed = field.path.substr(0, field.path.size() - 3);
  };
  for (const auto& field : before.fields()) {
    come_by(field);
    const auto other = others.find(field.path);
    if (other == others.end()) {
      add(field.path, std::string(field.value), std::nullopt);
    } else {
      if (other->second != field.value) add(field.path, std::string(field.value), std::string(other->second));
      others.erase(other);
    }
  }
  for (const auto& field : after.fields()) {  // in their own order
    come_by(field);
    if (others.contains(field.path)) add(field.path, std::nullopt, std::string(field.value));
  }
  return found;
}

}  // namespace lantern::testing
