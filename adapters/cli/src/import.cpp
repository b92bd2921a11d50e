#include "import.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "bad_lines.hpp"
#include "line_identity.hpp"
#include "messages.hpp"
#include "ndjson_line.hpp"
#include "open_store.hpp"
#include "other_formats.hpp"
#include "source.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

using Clock = RateMeter::Clock;

// Enough for the cost of a commit not to be felt; few enough for others not to wait long for their turn to write.
constexpr std::size_t batch_events = 2000;
constexpr std::size_t batch_bytes = 4u << 20;

// Draws how far the reading of a source is.
class Meter {
 public:
  Meter(LiveLines& live, const char* label, std::optional<std::uint64_t> size)
      : live_(live), label_(label), size_(size) {
    show(0, 0);
  }
  void at(std::uint64_t bytes, std::uint64_t events) {
    if (!live_.on() || ++calls_ % 512 != 0) return;
    if (const auto now = Clock::now(); now - shown_ >= std::chrono::milliseconds(100)) show(bytes, events);
  }

 private:
  void show(std::uint64_t bytes, std::uint64_t events) {
    if (!live_.on()) return;
    shown_ = Clock::now();
    bytes_rate_.sample(shown_, bytes);
    events_rate_.sample(shown_, events);
    Progress progress{.label = label_,
                      .done = bytes,
                      .total = size_,
                      .count = counted(events, "event"),
                      .per_second = events_rate_.per_second()};
    if (const auto rate = bytes_rate_.per_second(); rate && *rate > 0 && size_ && *size_ > bytes) {
      const std::chrono::duration<double> left(static_cast<double>(*size_ - bytes) / *rate);
      progress.left = std::chrono::duration_cast<std::chrono::nanoseconds>(left);
    }
    live_.draw({progress_line(progress, live_.size().columns - 1)});
  }

  LiveLines& live_;
  const char* label_;
  std::optional<std::uint64_t> size_;
  std::uint64_t calls_{};
  Clock::time_point shown_{};
  RateMeter bytes_rate_{}, events_rate_{};
};

// Collects events and appends them in batches, each in one transaction.
class Appender {
 public:
  Appender(SqliteStore& store, bool keep_lines) : store_(store), keep_lines_(keep_lines) {}

  // The next event came without an id.
  void nameless() { ++nameless_; }

  // The next event's place; filled in, it is handed over with `filled`.
  NewEvent& place() {
    if (used_ == batch_.events.size()) batch_.events.emplace_back();
    return batch_.events[used_];
  }
  Outcome filled(const Line& line, BadLines& bad) {
    const NewEvent& event = batch_.events[used_];
    bytes_ += event.data.size() + event.meta.size();
    if (numbers_.size() <= used_) numbers_.resize(used_ + 1);
    numbers_[used_] = line.number;
    if (keep_lines_) lines_.emplace_back(line.raw);
    ++used_;
    return used_ == batch_events || bytes_ >= batch_bytes ? append(bad) : ExitCode::done;
  }

  // Appends what is collected. An event whose id is taken is a bad line that only the store could find.
  Outcome append(BadLines& bad) {
    if (batch_.events.size() != used_) batch_.events.resize(used_);
    while (!batch_.events.empty()) {
      const auto appended = store_.perform(batch_);
      if (appended) {
        added_ += appended->added;
        duplicates_ += appended->duplicates;
        nameless_duplicates_ += std::min(appended->duplicates, nameless_);
        break;
      }
      const auto* taken = std::get_if<IdConflict>(&appended.error());
      if (!taken) {
        const auto* failure = std::get_if<Failure>(&appended.error());
        return store_trouble(failure ? *failure
                                     : Failure(FailureKind::internal, "a version conflict without versions"));
      }
      bad.tell(numbers_[taken->index], 1, reason(*taken));
      if (!keep_lines_) return ExitCode::usage;
      bad.put_aside(lines_[taken->index]);
      remove(taken->index);
    }
    used_ = bytes_ = nameless_ = 0;
    lines_.clear();
    return ExitCode::done;
  }

  [[nodiscard]] std::uint64_t added() const noexcept { return added_; }
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }
  // Of them, those without an id: at most so many, where lines with and without one are mixed.
  [[nodiscard]] std::uint64_t nameless_duplicates() const noexcept { return nameless_duplicates_; }

 private:
  static std::string reason(const IdConflict& taken) {
    return "the id \"" + taken.id + "\" is taken by another event, " +
           (taken.existing.value > 0 ? "at position " + std::to_string(taken.existing.value)
                                     : std::string("on an earlier line"));
  }
  void remove(std::size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    batch_.events.erase(batch_.events.begin() + at);
    numbers_.erase(numbers_.begin() + at);
    lines_.erase(lines_.begin() + at);
  }

  SqliteStore& store_;
  bool keep_lines_;
  AppendEvents batch_{};
  std::vector<std::uint64_t> numbers_{};
  std::vector<std::string> lines_{};  // only where they may have to be put aside
  std::size_t used_{}, bytes_{}, nameless_{};
  std::uint64_t added_{}, duplicates_{}, nameless_duplicates_{};
};

// One import, from its options to its summary.
class Import {
 public:
  explicit Import(const ImportOptions& options, Source& source)
      : options_(options), source_(source), live_(!options.quiet), bad_(source.name(), live_) {}

  Outcome run() {
    if (options_.dry_run) return dry_run();
    if (!options_.skip_bad) {
      if (auto checked = check(); !checked || *checked != ExitCode::done) return checked;
    }
    return append_all();
  }

 private:
  Outcome dry_run() {
    if (auto checked = check(); !checked) return checked;
    if (bad_.count() > 0 && !options_.skip_bad) return refused();
    return summary(counted(good_, "event") + " would be imported, " + counted(bad_.count(), "bad line") +
                   (bad_.count() > 0 ? " would be put aside" : "") +
                   "; the store was not looked into: what is there already would be passed over, and an id that "
                   "another event has would be a bad line");
  }

  // The first of two readings: is every line an event?
  Outcome check() {
    auto reader = source_.first_reading(!options_.dry_run);
    if (!reader) return tl::unexpected(std::move(reader).error());
    Meter meter(live_, "checking ", source_.size());
    NewEvent scratch;
    Outcome outcome = each_line(*reader, meter, scratch, [](const Line&) -> Outcome { return ExitCode::done; });
    if (!outcome) return outcome;
    checked_bytes_ = reader->consumed();
    live_.clear();
    if (outcome = bad_.finish(); !outcome) return outcome;
    if (bad_.count() > 0 && !options_.dry_run) return refused();
    return ExitCode::done;
  }

  Outcome append_all() {
    const bool once = options_.skip_bad.has_value();
    if (once) {
      if (auto file = bad_.put_aside_in(*options_.skip_bad); !file) return tl::unexpected(std::move(file).error());
    }
    auto store = open_store(options_.store, Access::create);
    if (!store) return tl::unexpected(std::move(store).error());
    auto reader = once ? source_.first_reading(false) : source_.second_reading(checked_bytes_);
    if (!reader) return tl::unexpected(std::move(reader).error());
    if (once) reader->on_overflow([this](std::string_view piece) { bad_.put_aside(piece, false); });
    Meter meter(live_, "importing", once ? source_.size() : checked_bytes_);
    Appender appender(*store, once);
    good_ = 0;
    second_ = !once;
    Outcome outcome = each_line(*reader, meter, appender, [&](const Line& line) -> Outcome {
      if (NewEvent& event = appender.place(); event.id.empty() && !options_.as_new) {
        name_line(line.number, line.text, event.id);
        appender.nameless();
      }
      return appender.filled(line, bad_);
    });
    if (outcome && *outcome == ExitCode::done) outcome = appender.append(bad_);
    live_.clear();
    if (auto finished = bad_.finish(); !finished) return finished;
    if (!outcome) return outcome;
    if (*outcome != ExitCode::done) {
      return trouble(ExitCode::usage,
                     source_.name() + ": stopped there, with " + counted(appender.added(), "new event") +
                         " imported: mend that line in its place and import again, which adds only what is missing, "
                         "or put bad lines aside with --skip-bad FILE");
    }
    if (appender.nameless_duplicates() > 0) {  // also when quiet: they may have been meant as new ones
      say(source_.name() + ": " + counted(appender.nameless_duplicates(), "line") +
          " without an id taken for a repeated import, not for new events: --as-new, or an \"id\" in each line, "
          "changes that");
    }
    return summary(counted(appender.added(), "event") + " imported, " + grouped(appender.duplicates()) +
                   " already there, " + counted(bad_.count(), "bad line") + " put aside");
  }

  static NewEvent& place_of(NewEvent& scratch) { return scratch; }
  static NewEvent& place_of(Appender& appender) { return appender.place(); }

  // Parses every line into its place, and gives the good ones to `take` until it answers anything but done.
  template <class Place, class Take>
  Outcome each_line(LineReader& reader, Meter& meter, Place& place, Take take) {
    Line line;
    for (;;) {
      switch (reader.next(line)) {
        case LineReader::Result::end: return ExitCode::done;
        case LineReader::Result::failed: return tl::unexpected(source_.unreadable(reader.error()));
        case LineReader::Result::line: break;
      }
      if (line.number == 1) {
        if (const char* const what_now = other_format(line.raw)) {
          return trouble(ExitCode::usage, source_.name() + ": " + what_now);
        }
      }
      meter.at(reader.consumed(), good_);
      if (line.too_long) {
        bad_.tell(line.number, longest_line + 1,
                  "the line is longer than " + std::to_string(longest_line >> 20) + " MiB");
        if (second_) return changed(line.number);
        bad_.put_aside({});
        if (bad_.differs()) return bad_.refused();
        continue;
      }
      if (line.text.find_first_not_of(" \t\r") == line.text.npos) continue;
      if (const auto parsed = parser_.parse(line.text, place_of(place)); !parsed) {
        bad_.tell(line.number, parsed.error().column_in(line.text), parsed.error().reason);
        if (line.number == 1) hint_ = other_shape(line.text);
        if (second_) return changed(line.number);
        bad_.put_aside(line.raw);
        if (bad_.differs()) return bad_.refused();
        continue;
      }
      ++good_;
      if (auto taken = take(line); !taken || *taken != ExitCode::done) return taken;
    }
  }

  tl::unexpected<Trouble> refused() const {
    const char* const them = bad_.count() == 1 ? "it" : "them";
    return trouble(
        ExitCode::usage,
        source_.name() + ": " + counted(bad_.count(), "bad line") + " of " + grouped(bad_.count() + good_) +
            "; nothing was imported: " +
            (hint_ ? hint_ : std::string("mend ") + them + ", or put " + them + " aside with --skip-bad FILE"));
  }
  Outcome summary(const std::string& text) const {
    if (options_.quiet) return ExitCode::done;
    Output out(1);
    out << text << "\n";
    return out.finish();
  }
  // After the first reading no line can be bad, unless it was written over meanwhile.
  tl::unexpected<Trouble> changed(std::uint64_t line) const {
    return trouble(ExitCode::usage, source_.name() + ": line " + std::to_string(line) +
                                        " was good when it was checked, and is not now: import again, from a file "
                                        "that nobody writes over");
  }

  const ImportOptions& options_;
  Source& source_;
  LiveLines live_;
  BadLines bad_;
  NdjsonParser parser_{};
  std::uint64_t good_{};
  bool second_{};
  const char* hint_{};  // what to do about JSON of another shape
  std::uint64_t checked_bytes_{};
};

}  // namespace

Outcome import_events(const ImportOptions& options) {
  auto source = Source::open(options.input);
  if (!source) return tl::unexpected(std::move(source).error());
  return Import(options, *source).run();
}

}  // namespace lantern::cli
