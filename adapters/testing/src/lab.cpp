#include "lab.hpp"

#include <algorithm>

namespace lantern::detail {

std::vector<std::string> Walk::data() const {
  std::vector<std::string> all;
  for (const auto& page : pages) {
    for (const auto& event : page.events()) all.emplace_back(event.data);
  }
  return all;
}

std::vector<Position> Walk::positions() const {
  std::vector<Position> all;
  for (const auto& page : pages) {
    for (const auto& event : page.events()) all.push_back(event.position);
  }
  return all;
}

SuiteStore& Lab::store() {
  if (!store_) store_ = world_->open();
  return *store_;
}

SuiteStore& Lab::reopen() {
  store_.reset();
  return store();
}

void Lab::another_world() {
  store_.reset();
  world_ = make_();
  now_ = {};
}

void Lab::advance(std::chrono::nanoseconds by) {
  now_ += by;
  world_->advance(by);
}

Appended Lab::append(std::vector<NewEvent> events, std::vector<ExpectedVersion> expected) {
  return must("appending", perform(AppendEvents{std::move(events), std::move(expected)}));
}

void Lab::add(std::string_view stream, std::string_view type, const std::vector<std::string>& data) {
  std::vector<NewEvent> events;
  for (const auto& text : data) {
    events.push_back({.stream = std::string(stream), .type = std::string(type), .data = text});
  }
  append(std::move(events));
}

EventPage Lab::read(SuiteStore& store, const ReadEvents& asked) {
  EventPage page = must(shown(asked), perform(store, asked));
  const auto expect_page = [&](bool holds, const char* what) {
    if (!holds) broken(shown(asked) + ": " + what + "; got " + shown(page));
  };
  expect_page(page.size() <= asked.limit, "more events than the limit");
  std::optional<Position> last = asked.after;
  for (const auto& event : page.events()) {
    expect_page(!last || event.position > *last, "positions must ascend, from after the position that was asked for");
    expect_page(lets_through(asked.filter, event.stream, event.type), "an event that the filter does not let through");
    last = event.position;
  }
  if (!page.empty()) {
    const std::size_t without_last = page.bytes() - size_in_bytes(page.events().back());
    expect_page(page.size() == 1 || without_last < asked.byte_limit, "the page went on after it reached byte_limit");
  }
  expect_page(page.scanned_to >= last, "scanned_to is before the last event, or before where the page began");
  expect_page(page.at_head() || page.scanned_to > asked.after,
              "neither are there events, nor was more of the log scanned, nor is this the head");
  return page;
}

Walk Lab::walk(SuiteStore& store, ReadEvents asked) {
  Walk walk;
  do {
    walk.pages.push_back(read(store, asked));
    asked.after = walk.pages.back().scanned_to;
  } while (!walk.pages.back().at_head());
  walk.scanned_to = asked.after;
  return walk;
}

std::optional<Position> Lab::checkpoint(SuiteStore& store, const ProjectionId& id) {
  const auto found = must("loading the checkpoint of " + to_string(id), perform(store, LoadCheckpoint{id}));
  return found ? found->position : std::nullopt;
}

void Lab::save(const ProjectionId& id, std::optional<Position> from, std::optional<Position> through) {
  SaveCheckpoint save;
  save.projection = id;
  save.from = from;
  save.through = through;
  must(shown(save), perform(save));
}

bool lets_through(const EventFilter& filter, std::string_view stream, std::string_view type) {
  if (filter.stream.has_value() && std::string_view(*filter.stream) != stream) return false;
  if (filter.stream_prefix.has_value() && stream.substr(0, filter.stream_prefix->size()) != *filter.stream_prefix) {
    return false;
  }
  return filter.types.empty() ||
         std::any_of(filter.types.begin(), filter.types.end(), [&](const auto& wanted) { return wanted == type; });
}

std::vector<std::string> numbered(const std::string& first, std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(first + "-" + std::to_string(i));
  return texts;
}

const std::vector<std::string>& odd_names() {
  // clang-format off
  static const std::vector<std::string> names{
      "a", "A", "a/b", "a:b", "a|b", "a b", " ", "a ", " a", "\t", "a\nb", "\x01", "\x7f",
      "account-1", "account_1", "account%1", "account1", "Account-1", "%", "_", "a%", "a_", "*", "?", "[a]", "a*",
      "'", "''", "\"", "\"\"", "`", "a'b", "'; DROP TABLE lantern_events; --", "\";--", ";--", "--", "/* */",
      ":stream", "?1", "$1", "@a", "../a", "..", ".", "/", "/etc/passwd", "\\", "C:\\a", "a\\", "NULL", "null", "0",
      "-1", "1e3", "0x10", "true", "{}", "[]", "\\u0000", "%00", "%s%n",
      ",", ";", "&", "=", "+", "#", "~", "^", "!", "$", "(a)", "<a>", "a,b", "a;b", "a.b", "a=b", "a\rb", "a\r\nb", "\x1E",
      "\x1F",
      "\xC3\xA1",          // á, as one character
      "a\xCC\x81",         // á, as a letter and an accent
      "\xC3\x9F", "ss", "SS", "i", "I", "\xC4\xB1", "\xC4\xB0", "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x8F\xAE",
      "\xE2\x80\x8B",      // a space without width
      "\xE2\x80\xAE",      // the mark that turns text around
      "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "a\xF4\x8F\xBF\xBF", "a\xF4\x8F\xBF\xBF" "b", "\xEF\xBB\xBF" "a",
      std::string(1024, 'x'), std::string(1023, 'x'),
  };
  // clang-format on
  return names;
}

const std::vector<std::string>& bad_names() {
  static const std::vector<std::string> names{
      "",
      std::string("\0", 1),
      std::string("a\0b", 3),
      std::string("a\0", 2),
      std::string(1025, 'x'),
      std::string(10'000, 'x'),
      "\xC3",              // cut off
      "\xFF",              // never in UTF-8
      "\xC0\x80",          // NUL in disguise
      "\xED\xA0\x80",      // half of a surrogate pair
      "\xF4\x90\x80\x80",  // beyond the last character
  };
  return names;
}

}  // namespace lantern::detail
