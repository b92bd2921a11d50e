// What is claimed of some events' outcome, and in what words it is not so.
#include <algorithm>
#include <ostream>

#include "lantern/testing/verdict.hpp"
#include "text_fields.hpp"

namespace lantern::testing {

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << (verdict ? "holds" : verdict.message());
}

namespace detail {
namespace {

constexpr std::size_t most_shown = 200;

std::string shown(std::string_view text) {
  std::string line = lantern::detail::one_line(text.substr(0, most_shown));
  return text.size() > most_shown ? line + "…" : line;
}
std::string quoted(std::string_view text) { return '"' + shown(text) + '"'; }
std::string words(const NewEvent& event) { return shown(event.type + ' ' + event.data); }
std::string words(const Failure& failure) { return lantern::to_string(failure); }

/// After which event: the last one.
std::string after(const SpecOutcome& told) {
  if (told.events.empty()) return ", without any event";
  return ", after " + words(told.events.back()) +
         (told.passed_over ? " (which the projector's filter does not let through)" : "");
}

std::string payload(const Frame& frame) { return frame.kind == Frame::Kind::erased ? "erased" : shown(frame.payload); }

/// How a value differs: field by field, where both are JSON.
std::string difference(std::string_view expected, std::string_view actual) {
  const auto wanted = json_fields(expected);
  const auto found = json_fields(actual);
  const bool structured = wanted && found && (wanted->size() != 1 || !wanted->front().path.empty());
  if (!structured) return "\n  expected " + shown(expected) + ", is " + shown(actual);
  std::string lines;
  const auto all = differences(*wanted, *found);
  // An empty list that is not as empty as it should be shows in what is in it.
  const auto says_nothing = [&](const std::optional<std::string>& value, const std::optional<std::string>& other) {
    return all.size() > 1 && !other && (value == "[]" || value == "{}");
  };
  for (const auto& one : all) {
    if (says_nothing(one.first, one.second) || says_nothing(one.second, one.first)) continue;
    lines += "\n  " + (one.path.empty() ? std::string("all of it") : shown(one.path)) + ": ";
    if (!one.second) lines += "expected " + shown(*one.first) + ", is not there";
    else if (!one.first) lines += "not expected, is " + shown(*one.second);
    else lines += "expected " + shown(*one.first) + ", is " + shown(*one.second);
  }
  if (lines.empty()) lines = "\n  expected " + shown(expected) + ", is " + shown(actual);
  return lines;
}

const StoredView* find(const SpecOutcome& told, std::string_view key) {
  const auto found = std::ranges::find(told.views, key, &StoredView::key);
  return found != told.views.end() && found->state ? &*found : nullptr;
}

std::string keys_of(const SpecOutcome& told) {
  std::string keys;
  for (const StoredView& view : told.views) {
    if (view.state) keys += (keys.empty() ? "" : ", ") + quoted(view.key);
  }
  return keys.empty() ? "there are no views" : "there are views of " + keys;
}

const SpecOutcome::Failed* failure(const SpecOutcome& told, bool given) {
  const auto found =
      std::ranges::find_if(told.failed, [&](const auto& one) { return (one.event < told.given) == given; });
  return found == told.failed.end() ? nullptr : &*found;
}

}  // namespace

Verdict begun_well(const SpecOutcome& told) {
  if (const auto* failed = failure(told, true)) {
    return Verdict::wrong("given " + words(told.events[failed->event]) + ", it failed: " + words(failed->cause));
  }
  return told.trouble.empty() ? Verdict() : Verdict::wrong(told.trouble);
}

Verdict went_well(const SpecOutcome& told) {
  const auto* failed = failure(told, false);
  if (!failed) return {};
  return Verdict::wrong(words(told.events[failed->event]) + " failed: " + words(failed->cause));
}

Verdict check_view(const SpecOutcome& told, std::string_view key, const std::string& expected,
                   const std::function<bool(const StoredView&)>& equal) {
  const StoredView* view = find(told, key);
  if (!view) {
    return Verdict::wrong("there is no view of " + quoted(key) + after(told) + "\n  " + keys_of(told) +
                          "\n  expected " + shown(expected));
  }
  if (*view->state == expected || equal(*view)) return {};
  return Verdict::wrong("the view of " + quoted(key) + " is not as expected" + after(told) +
                        difference(expected, *view->state));
}

Verdict check_no_view(const SpecOutcome& told, std::string_view key) {
  const StoredView* view = find(told, key);
  if (!view) return {};
  return Verdict::wrong("there is a view of " + quoted(key) + after(told) + "\n  it is " + shown(*view->state));
}

Verdict check_deltas(const SpecOutcome& told, const std::vector<std::optional<std::string>>& expected) {
  std::string lines;
  for (std::size_t i = 0; i < std::max(expected.size(), told.frames.size()); ++i) {
    const Frame* frame = i < told.frames.size() ? &told.frames[i] : nullptr;
    const std::string number = "\n  " + std::to_string(i + 1) + ". ";
    if (i >= expected.size()) {
      lines += number + "of " + quoted(frame->key) + ": not expected, is " + payload(*frame);
      continue;
    }
    const std::string wanted = expected[i] ? *expected[i] : "erased";
    const std::string actual = !frame ? "" : frame->kind == Frame::Kind::erased ? "erased" : frame->payload;
    const bool same = frame && (frame->kind == Frame::Kind::erased) == !expected[i] && actual == wanted;
    if (!frame) lines += number + "expected " + shown(wanted) + ", is not there";
    else if (!same)
      lines += number + "of " + quoted(frame->key) + ": expected " + shown(wanted) + ", is " + payload(*frame);
  }
  return lines.empty() ? Verdict() : Verdict::wrong("the deltas are not as expected" + after(told) + lines);
}

Verdict check_unchanged(const SpecOutcome& told) {
  std::string lines;
  for (const Frame& frame : told.frames) lines += "\n  of " + quoted(frame.key) + ": " + payload(frame);
  return lines.empty() ? Verdict() : Verdict::wrong("something changed" + after(told) + lines);
}

Verdict check_failed(const SpecOutcome& told, std::string_view text, std::optional<FailureKind> kind) {
  const auto* failed = failure(told, false);
  if (!failed) return Verdict::wrong("nothing failed" + after(told));
  const std::string said = words(failed->cause);
  const std::string begin = words(told.events[failed->event]) + " failed, but not as expected";
  if (kind && failed->cause.kind != *kind) {
    return Verdict::wrong(begin + "\n  expected " + std::string(to_string(*kind)) + ", is " +
                          std::string(to_string(failed->cause.kind)) + ": " + said);
  }
  if (said.find(text) == said.npos) {
    return Verdict::wrong(begin + "\n  expected " + quoted(text) + ", is " + quoted(said));
  }
  return {};
}

Verdict not_as_claimed(const SpecOutcome& told, const std::string& difference) {
  return Verdict::wrong("the projector is not as expected" + after(told) +
                        (difference.empty() ? "" : "\n  " + difference));
}

std::string words_of(std::exception_ptr error) { return words(lantern::detail::failure_of(std::move(error))); }

}  // namespace detail
}  // namespace lantern::testing
