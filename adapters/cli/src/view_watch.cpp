#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>

#include "known_projection.hpp"
#include "lantern/blocking/read_views.hpp"
#include "messages.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "view.hpp"
#include "view_text.hpp"

namespace lantern::cli {
namespace {

constexpr std::chrono::milliseconds between_looks{50};

// Deltas live in the process that makes them. What another process can see is the file: whenever the checkpoint has
// moved, the views are compared with what was seen before, key by key.
class ViewWatch {
 public:
  ViewWatch(const SqliteStore& store, const ViewOptions& options) : store_(store), options_(options) {}

  // Looks once; prints what changed since the last look, but nothing at the first.
  std::optional<Failure> look() {
    const auto checkpoint = store_.perform(LoadCheckpoint{options_.id()});
    if (!checkpoint) return checkpoint.error();
    const Checkpoint now = checkpoint->value_or(Checkpoint{});
    if (looked_ && now == seen_) return std::nullopt;
    if (auto failed = compare()) return failed;
    seen_ = now;
    looked_ = true;
    return std::nullopt;
  }
  [[nodiscard]] std::size_t views() const noexcept { return known_.size(); }
  [[nodiscard]] bool good() const noexcept { return out_.good() && out_.has_reader(); }
  [[nodiscard]] Outcome finish() { return out_.finish(); }

 private:
  std::optional<Failure> compare() {
    ViewScan scan(store_, ScanViews{.projection = options_.id(), .prefix = options_.prefix, .limit = 1000});
    auto next = known_.begin();  // both are in the order of the keys' bytes
    const auto pass = [&](auto until) {
      while (next != known_.end() && until(next->first)) {
        tell(StoredView{.key = next->first, .version = next->second.version}, next->second.generation, "gone");
        next = known_.erase(next);
      }
    };
    while (!scan.done()) {
      const auto page = scan.next();
      if (!page) return page.error();
      for (const StoredView& view : page->views) {
        pass([&](const std::string& key) { return key < view.key; });
        const Moment moment{page->as_of.generation, view.edition, view.version};
        if (next == known_.end() || next->first != view.key) {
          known_.emplace_hint(next, view.key, moment);
          tell(view, moment.generation, "new");
        } else {
          if (next->second != moment) tell(view, moment.generation, "changed");
          (next++)->second = moment;
        }
      }
    }
    pass([](const std::string&) { return true; });
    out_.flush();
    return std::nullopt;
  }

  void tell(const StoredView& view, Generation generation, std::string_view what) {
    if (!looked_) return;
    if (options_.json) {
      out_ << text_.json(view, generation, what) << '\n';
      return;
    }
    out_ << one_line(view.key) << "  version " << std::to_string(view.version) << "  " << what;
    if (view.state) out_ << "  " << text_.shown(view);
    out_ << '\n';
  }

  const SqliteStore& store_;
  const ViewOptions& options_;
  Output out_{1};
  ViewText text_{};
  std::map<std::string, Moment> known_{};
  Checkpoint seen_{};
  bool looked_{};
};

}  // namespace

Outcome watch_views(const ViewOptions& options) {
  std::stop_source stop;
  const StopSignals signals([&](int) { stop.request_stop(); });  // before the store's threads
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  if (auto unknown = object_to_views(*store, options.id())) return tl::unexpected(*std::move(unknown));
  ViewWatch watch(*store, options);
  std::mutex mutex;
  std::condition_variable_any wake;
  bool told = options.quiet;
  while (!stop.stop_requested() && watch.good()) {
    const auto failed = watch.look();
    if (failed && !is_transient(failed->kind)) return store_trouble(*failed);
    if (!failed && !std::exchange(told, true)) {
      say("watching " + counted(watch.views(), "view") + " of " + to_string(options.id()) + "; Ctrl-C ends it");
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop.get_token(), between_looks, [] { return false; });
  }
  return watch.finish();
}

}  // namespace lantern::cli
