#include "rows.hpp"

#include <algorithm>
#include <set>
#include <variant>
#include <vector>

#include "json_text.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

using Blob = std::span<const std::byte>;

std::string hex_of(Blob bytes) { return hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

std::string real(double number) {
  std::string text;
  append_json_number(text, number);
  return text;
}

class TableWriter final : public RowWriter {
 public:
  explicit TableWriter(Output& out) : out_(out) {}

  void columns(std::span<const std::string> names) override {
    Shown header;
    for (const auto& name : names) header.push_back({one_line(name), false});
    widths_.assign(names.size(), 1);
    measure(header);
    held_.push_back(std::move(header));
  }
  void row(std::span<const SqlValue> cells) override {
    Shown shown;
    for (const SqlValue& cell : cells) shown.push_back(show(cell));
    if (printing_) return print(shown);
    measure(shown);
    held_.push_back(std::move(shown));
    if (held_.size() > rows_measured) release();
  }
  void end() override { release(); }

 private:
  static constexpr std::size_t rows_measured = 1000;
  struct Field {
    std::string text;
    bool to_the_right;
  };
  using Shown = std::vector<Field>;

  static Field show(const SqlValue& cell) {
    return std::visit(Overloaded{
                          [](std::monostate) {
                            return Field{"NULL", false};
                          },
                          [](std::int64_t number) {
                            return Field{std::to_string(number), true};
                          },
                          [](double number) {
                            return Field{real(number), true};
                          },
                          [](std::string_view text) {
                            return Field{one_line(text), false};
                          },
                          [](Blob blob) {
                            return Field{"x'" + hex_of(blob) + "'", false};
                          },
                      },
                      cell);
  }
  void measure(const Shown& shown) {
    for (std::size_t at = 0; at < shown.size(); ++at) {
      widths_[at] = std::max(widths_[at], display_width(shown[at].text));
    }
  }
  void release() {
    if (printing_ || held_.empty()) return;
    printing_ = true;
    for (std::size_t at = 0; at < held_.size(); ++at) {
      print(held_[at]);
      if (at == 0) print(rule());
    }
    held_ = {};
  }
  [[nodiscard]] Shown rule() const {
    Shown dashes;
    for (const std::size_t width : widths_) dashes.push_back({std::string(width, '-'), false});
    return dashes;
  }
  void print(const Shown& shown) {
    std::string line;
    for (std::size_t at = 0; at < shown.size(); ++at) {
      const auto& [text, to_the_right] = shown[at];
      const std::size_t width = display_width(text);
      const std::string gap(width < widths_[at] ? widths_[at] - width : 0, ' ');
      if (at > 0) line += "  ";
      line += to_the_right ? gap + text : text + gap;
    }
    while (line.ends_with(' ')) line.pop_back();
    out_ << line << '\n';
  }

  Output& out_;
  std::vector<std::size_t> widths_{};
  std::vector<Shown> held_{};  // the header and the first rows, until the widths are known
  bool printing_{};
};

class CsvWriter final : public RowWriter {
 public:
  explicit CsvWriter(Output& out) : out_(out) {}

  void columns(std::span<const std::string> names) override {
    std::vector<SqlValue> header;
    for (const auto& name : names) header.emplace_back(std::string_view(name));
    row(header);
  }
  void row(std::span<const SqlValue> cells) override {
    for (std::size_t at = 0; at < cells.size(); ++at) {
      if (at > 0) out_ << ',';
      std::visit(Overloaded{
                     [](std::monostate) {},
                     [&](std::int64_t number) { out_ << std::to_string(number); },
                     [&](double number) { out_ << real(number); },
                     [&](std::string_view text) { quoted(text); },
                     [&](Blob blob) { out_ << hex_of(blob); },
                 },
                 cells[at]);
    }
    out_ << "\r\n";
  }

 private:
  void quoted(std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == text.npos) {
      out_ << text;
      return;
    }
    out_ << '"';
    for (const char c : text) {
      if (c == '"') out_ << '"';
      out_ << c;
    }
    out_ << '"';
  }
  Output& out_;
};

class JsonWriter final : public RowWriter {
 public:
  explicit JsonWriter(Output& out) : out_(out) {}

  void columns(std::span<const std::string> names) override {
    std::set<std::string> taken(names.begin(), names.end()), used;
    for (const auto& name : names) {
      std::string unique = name;
      for (int copy = 2; used.contains(unique); ++copy) {
        unique = name + "_" + std::to_string(copy);
        if (taken.contains(unique)) unique = name;  // another column has this name already
      }
      used.insert(unique);
      names_.push_back(std::move(unique));
    }
  }
  void row(std::span<const SqlValue> cells) override {
    JsonObject object;
    for (std::size_t at = 0; at < cells.size(); ++at) {
      std::visit(Overloaded{
                     [&](std::monostate) { object.raw(names_[at], "null"); },
                     [&](Blob blob) { object.field(names_[at], hex_of(blob)); },
                     [&](auto value) { object.field(names_[at], value); },
                 },
                 cells[at]);
    }
    out_ << object.text() << '\n';
  }

 private:
  Output& out_;
  std::vector<std::string> names_{};
};

}  // namespace

std::unique_ptr<RowWriter> row_writer(RowFormat format, Output& out) {
  switch (format) {
    case RowFormat::csv: return std::make_unique<CsvWriter>(out);
    case RowFormat::json: return std::make_unique<JsonWriter>(out);
    case RowFormat::table: break;
  }
  return std::make_unique<TableWriter>(out);
}

}  // namespace lantern::cli
