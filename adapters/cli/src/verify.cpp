#include "verify.hpp"

#include <atomic>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "difference_text.hpp"
#include "display.hpp"
#include "json_text.hpp"
#include "lines.hpp"
#include "messages.hpp"
#include "open_store.hpp"
#include "projection_files.hpp"
#include "rebuildable.hpp"
#include "scratch_folder.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "verification.hpp"

namespace lantern::cli {
namespace {

constexpr InItsProgram verified_in_cpp{"verified", "call lantern::verify with the projector that the program runs"};

std::string as_json(const std::string& projection, const Verified& found, double seconds) {
  return JsonObject()
      .field("event", "verified")
      .field("projection", projection)
      .field("outcome", found.comparison.different == 0 ? "identical" : "different")
      .field("generation", found.generation.value)
      .field("position", found.position ? std::optional(found.position->value) : std::nullopt)
      .field("tables", found.comparison.tables)
      .field("rows", found.comparison.rows)
      .field("different", found.comparison.different)
      .field("seconds", seconds)
      .text();
}

std::string for_people(const std::string& projection, const Verified& found, std::uint64_t told,
                       std::chrono::nanoseconds took) {
  const SqlComparison& rows = found.comparison;
  const std::string verdict =
      rows.different == 0
          ? "what its events make: " + counted(rows.rows, "row") + " of " + counted(rows.tables, "table")
          : "not what its events make: " + grouped(rows.different) + " of " + counted(rows.rows, "row") + " differ" +
                (rows.different == 1 ? "s" : "") +
                (told < rows.different ? " (the first " + grouped(told) + " are shown)" : "");
  const std::string place =
      found.position ? "position " + grouped(static_cast<std::uint64_t>(found.position->value)) : "the beginning";
  return one_line(projection) + ": " + verdict + ", generation " + std::to_string(found.generation.value) + " at " +
         place + ", " + brief(took);
}

// All files, one after the other, on a thread beside the one that draws.
class Verifier {
 public:
  /// `stop` is also requested when nobody reads what is printed any more; `signalled` tells that from a signal.
  Verifier(const VerifyOptions& options, const SqliteStore& log, const ScratchFolder& scratch, std::stop_source& stop,
           const std::atomic<bool>& signalled)
      : options_(options), log_(log), scratch_(scratch), stop_(stop), signalled_(signalled), out_(stop) {}

  Outcome run(const std::vector<SqlProjection>& projections) {
    for (const SqlProjection& projection : projections) all_.emplace_back(log_, projection);
    Display display(!options_.quiet && !options_.json, [this](RateMeter::Clock::time_point now) {
      std::vector<Progress> shown;
      for (Verification& one : all_) shown.push_back(one.progress(now));
      return shown;
    });
    display.begun();
    std::optional<Trouble> defect;
    {
      const std::jthread worker([&] {
        try {
          verify_all(projections, display);
        } catch (const std::exception& error) {
          defect = Trouble{ExitCode::defect, std::string("internal error (") + error.what() + "): please report it"};
        }
        display.done();
      });
      display.wait([&] { out_.look_for_reader(); });
    }
    if (defect) return tl::unexpected(*std::move(defect));
    return out_.finish(worst_);
  }

 private:
  void verify_all(const std::vector<SqlProjection>& projections, Display& display) {
    bool told = false;
    auto projection = projections.begin();
    for (Verification& one : all_) {
      // Once it is to stop, the scratch may be gone, and what fails for that reason is not worth a word.
      if (stop_.stop_requested() || !verify(one, *projection++, told, display)) return stopped(told, display);
    }
  }

  // False: it was stopped before it knew.
  bool verify(Verification& one, const SqlProjection& projection, bool& told_any, Display& display) {
    const std::string& name = projection.name();
    const auto began = RateMeter::Clock::now();
    std::uint64_t told = 0;
    const auto found = one.run(
        scratch_.path() / ("s" + std::to_string(++files_)), stop_.get_token(), [&](const SqlDifference& difference) {
          told_any = true;
          if (told == options_.keep) return;
          ++told;
          print(display,
                options_.json ? difference_as_json(name, difference) : difference_for_people(name, difference));
        });
    const auto took = RateMeter::Clock::now() - began;
    if (!found && stop_.stop_requested()) return false;
    if (!found) {
      ends_with(found.error().code);
      display.tell("lantern: " + found.error().message);
      return true;
    }
    const bool differs = found->comparison.different > 0;
    if (differs) ends_with(ExitCode::projection_failed);
    if (differs || !options_.quiet) {
      print(display, options_.json ? as_json(name, *found, std::chrono::duration<double>(took).count())
                                   : for_people(name, *found, told, took));
    }
    return true;
  }

  // Rows that were told are told; a reader that went away knows that it did.
  void stopped(bool told, Display& display) {
    ends_with(told ? ExitCode::projection_failed : interrupted().code);
    if (signalled_) display.tell("lantern: " + interrupted().message);
  }

  void print(Display& display, const std::string& text) {
    display.above([&] { out_.print(text); });
  }

  // The lowest of the codes is the program's.
  void ends_with(ExitCode code) {
    if (worst_ == ExitCode::done || code < worst_) worst_ = code;
  }

  const VerifyOptions& options_;
  const SqliteStore& log_;
  const ScratchFolder& scratch_;
  std::stop_source& stop_;
  const std::atomic<bool>& signalled_;
  Lines out_;
  std::list<Verification> all_{};
  int files_{};
  ExitCode worst_{ExitCode::done};
};

}  // namespace

Outcome verify(const VerifyOptions& options) {
  if (auto wrong = object_to_names(options.store, options.files, verified_in_cpp)) {
    return tl::unexpected(*std::move(wrong));
  }
  const auto projections = load_projections(options.files);
  if (!projections) return tl::unexpected(projections.error());

  // The second signal ends the program at once, so nothing may be left to clean up after the first.
  std::stop_source stop;
  std::atomic<bool> signalled = false;
  std::mutex mutex;  // guards `scratch`
  std::optional<ScratchFolder> scratch;
  const StopSignals signals([&](int) {
    signalled = true;
    stop.request_stop();
    const std::lock_guard lock(mutex);
    if (scratch) scratch->remove();
  });
  {
    const std::lock_guard lock(mutex);
    auto made = ScratchFolder::make();
    if (!made) return tl::unexpected(std::move(made).error());
    scratch.emplace(*std::move(made));
  }
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  return Verifier(options, *store, *scratch, stop, signalled).run(*projections);
}

}  // namespace lantern::cli
