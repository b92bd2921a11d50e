// Contracts of views and generations under real threads, each with a store of its own.
#include <algorithm>
#include <map>

#include "parallel.hpp"
#include "views.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");

/// Some work, and others watch. However fast a store is, the ones see what the others do.
struct Watched {
  std::atomic<std::size_t> working, watching;
  std::atomic<std::size_t> looks{};

  /// Calls `look` again and again until nobody is working any more, and once more after that.
  template <class Look>
  void look_until_done(Look look) {
    const Leaving leaving{watching};
    for (bool last = false; !last; ++looks) {
      last = working == 0;
      look();
    }
  }
  /// Waits until somebody has looked once more, or nobody watches any more.
  void let_look() const {
    const std::size_t before = looks;
    while (looks == before && watching > 0) std::this_thread::yield();
  }
};

/// Each writer adds its changes to keys that all share. Whoever comes late loads again; which cannot happen more often
/// than others commit.
void no_change_is_lost(Lab& lab) {
  constexpr std::size_t writers = 20, keys = 5;
  Rounds rounds_of_changes(writers);
  in_parallel(lab, writers, [&](std::size_t writer, SuiteStore& store) {
    const Member round(rounds_of_changes);
    std::size_t tries = 0;
    for (std::size_t i = 0; i < keys; ++i) {
      const std::string key = "key " + std::to_string((writer + i) % keys);
      for (bool done = false, first = true; !done;) {
        expect(++tries <= writers * keys, "a writer comes late for ever");
        const ViewRun run = run_of(store, orders);
        const auto loaded = load(store, orders, {key}).views;
        StoredView view = loaded.empty() ? made(key, "", 0) : loaded.front();
        *view.state += std::to_string(writer) + ",";
        ++view.version;
        if (std::exchange(first, false)) round.meet();  // all build on the same views
        const auto reply = Lab::perform(store, run.next({view}));
        if (!reply) static_cast<void>(must_refuse<CheckpointMoved>("a late commit", reply));
        done = reply.has_value();
      }
    }
  });
  for (const StoredView& view : scan(lab.store(), orders)) {
    expect_same("the version of " + view.key, view.version, writers);
    expect_same("the changes in " + view.key, std::ranges::count(*view.state, ','), writers);
    for (std::size_t writer = 0; writer < writers; ++writer) {
      const std::string mine = "," + std::to_string(writer) + ",";
      expect(("," + *view.state).find(mine) != std::string::npos,
             "the change of writer " + std::to_string(writer) + " to " + view.key + " is lost: " + shown(view));
    }
  }
  expect_same("keys", scan(lab.store(), orders).size(), keys);
  expect_same("the checkpoint", lab.checkpoint(orders), Position{writers * keys});
}

constexpr std::int64_t rounds = 60;
constexpr int keys = 30;

std::string key_of(int number) { return "key " + std::to_string(100 + number); }

/// Commit n gives all keys state n, but for one that it erases.
Views round_of(std::int64_t n, Revision edition = {}) {
  Views views;
  for (int key = 0; key < keys; ++key) {
    const bool gone = key == n % keys;
    views.push_back(gone ? erased(key_of(key), n) : made(key_of(key), std::to_string(n), n));
    views.back().edition = edition;
  }
  return views;
}

void expect_round(const std::string& what, const Views& views, std::int64_t n) {
  expect_same(what + ": how many views there are at position " + std::to_string(n), views.size(),
              static_cast<std::size_t>(n == 0 ? 0 : keys - 1));
  for (const auto& view : views) {
    expect_same(what + ": the state of " + view.key + " at position " + std::to_string(n), view.state,
                std::to_string(n));
    expect_same(what + ": the version of " + view.key, view.version, n);
  }
}

std::int64_t count(std::optional<Position> position) { return position ? position->value : 0; }

void readers_see_commits(Lab& lab) {
  Watched watched{1, 3};
  in_parallel(lab, 4, [&](std::size_t i, SuiteStore& store) {
    if (i == 0) {
      const Leaving leaving{watched.working};
      ViewRun run;
      for (std::int64_t n = 1; n <= rounds; ++n) {
        run.commit(store, round_of(n));
        if (n % 4 == 0) watched.let_look();
      }
      return;
    }
    std::int64_t last = 0;
    std::vector<std::string> all;
    for (int key = 0; key < keys; ++key) all.push_back(key_of(key));
    watched.look_until_done([&] {
      std::int64_t now = 0;
      if (i == 1) {
        const auto page = scan_page(store, {.projection = orders});
        now = count(page.as_of.position);
        expect_round("a page", page.views, now);
      } else if (i == 2) {
        const auto answer = get(store, orders, key_of(7));
        now = count(answer.as_of.position);
        const bool gone = now == 0 || now % keys == 7;
        expect_same("the view at position " + std::to_string(now), answer.view ? answer.view->state : std::nullopt,
                    gone ? std::nullopt : std::optional(std::to_string(now)));
      } else {
        const std::int64_t before = count(Lab::checkpoint(store, orders));
        Views loaded = load(store, orders, all).views;
        now = loaded.empty() ? 0 : loaded.front().version;
        std::erase_if(loaded, [](const auto& view) { return !view.state; });
        expect_round("what is loaded", loaded, now);
        expect(now >= before, "what is loaded is older than the checkpoint that was read before");
      }
      expect(now >= last, "a reader went back from " + std::to_string(last) + " to " + std::to_string(now));
      last = now;
    });
    expect_same("where a reader ended", last, rounds);
  });
}

/// Generation g has state "g/n" in all its views at position n, and as many keys as its code is old.
void one_generation_whole(Lab& lab) {
  constexpr std::int64_t rebuilds = 36;
  const auto commit = [](SuiteStore& store, ViewRun& run) {
    const std::int64_t n = count(run.at) + 1;
    const std::string text = std::to_string(run.version.program) + "/" + std::to_string(n);
    Views views;
    for (std::int64_t key = 0; key < 3 + run.version.program % 4; ++key) {
      views.push_back(made(std::to_string(key), text, n));
    }
    run.commit(store, views);
  };
  Watched watched{1, 2};
  in_parallel(lab, 3, [&](std::size_t i, SuiteStore& store) {
    if (i == 0) {
      const Leaving leaving{watched.working};
      ViewRun live;
      commit(store, live);
      for (std::int64_t program = 2; program < 2 + rebuilds; ++program) {
        commit(store, live);
        ViewRun built = begin(store, orders, {program, 1});
        while (built.at < live.at) commit(store, built);
        watched.let_look();
        activate(store, built);
        live = built;
        if (program % 3 == 0) live.generation = must("rolling back", Lab::perform(store, RollBack{orders}));
        if (program % 3 == 0) live.generation = must("rolling back", Lab::perform(store, RollBack{orders}));
        if (program % 2 == 0) must("finalizing", Lab::perform(store, FinalizeRebuild{orders}));
      }
      return;
    }
    Generation last{0};
    bool begun = false;
    watched.look_until_done([&] {
      const auto page = scan_page(store, {.projection = orders});
      const std::string now = " of generation " + shown(page.as_of.generation) + " at " + shown(page.as_of.position);
      expect(page.as_of.generation >= last, "a reader was sent back to a page" + now);
      last = page.as_of.generation;
      if (!page.as_of.position) return expect(page.views.empty() && !begun, "a page that is as of nothing" + now);
      begun = true;
      if (page.views.empty()) broken("no views in a page" + now);
      const std::string text = page.views.front().state.value_or("");
      for (const auto& view : page.views) expect_same("a state in a page" + now, view.state, text);
      const std::int64_t program = std::stoll(text);
      expect_same("views in a page" + now, page.views.size(), static_cast<std::size_t>(3 + program % 4));
      expect_same("the position in a page" + now, text.substr(text.find('/') + 1),
                  std::to_string(page.as_of.position->value));
    });
  });
}

constexpr std::int64_t commits = 60, replacements = 20;

/// A run, each of whose commits adds 1. Refused, it loads again; which cannot happen more often than views are
/// replaced.
void add(SuiteStore& store, const std::string& key, const std::atomic<std::int64_t>& replaced) {
  ViewRun run;
  StoredView view = made(key, "", 0);
  std::int64_t refused = 0, waited_for = 0;
  while (count(run.at) < commits) {
    if (count(run.at) % 3 == 2 && replaced < replacements) {  // let the other one do something, too
      while (replaced == waited_for) std::this_thread::yield();
      waited_for = replaced;
    }
    StoredView next = view;
    ++next.version;
    next.state = std::to_string(count(run.at) + 1);
    const auto save = run.next({next});
    const auto reply = Lab::perform(store, save);
    if (reply) {
      view = next;
      run.at = save.through;
      continue;
    }
    static_cast<void>(must_refuse<ViewsReplaced>(shown(save), reply));
    expect(++refused <= replacements, "a run is refused more often than views were replaced");
    for (bool same = false; !same;) {  // the revision of what it loads must be that of the checkpoint
      run = run_of(store, orders);
      const auto loaded = load(store, orders, {key}).views;
      if (!loaded.empty()) view = loaded.front();
      same = run_of(store, orders).revision == run.revision;
    }
  }
}

/// Each replacement says what is there already, but that it began anew.
void replace_all(SuiteStore& store, const std::string& key, std::atomic<std::int64_t>& replaced) {
  std::optional<Moment> last;
  for (std::int64_t tries = 1; replaced < replacements; ++tries) {
    expect(tries <= commits + replacements, "a replacement comes late for ever");
    const ViewRun run = run_of(store, orders);
    const auto now = moment(get(store, orders, key));
    expect(!(now < last), "after a replacement the moment went back from " + shown(last) + " to " + shown(now));
    ReplaceView replace{orders, key, std::to_string(count(run.at)), 1};
    replace.through = run.at;
    const auto reply = Lab::perform(store, replace);
    if (!reply) {
      static_cast<void>(must_refuse<CheckpointMoved>(shown(replace), reply));
      continue;
    }
    last = reply->moment;
    ++replaced;
    for (int i = 0; i < 100 && Lab::checkpoint(store, orders) == run.at; ++i) std::this_thread::yield();
  }
}

/// One replaces views while a run goes on: the run is refused and loads again, and nobody's work is undone.
void replaced_under_a_run(Lab& lab) {
  const std::string key = "a";
  Watched watched{2, 1};
  std::atomic<std::int64_t> replaced{};
  in_parallel(lab, 3, [&](std::size_t i, SuiteStore& store) {
    if (i == 0) {
      const Leaving leaving{watched.working};
      return add(store, key, replaced);
    }
    if (i == 1) {
      const Leaving leaving{watched.working};
      struct Done {
        std::atomic<std::int64_t>& counter;
        ~Done() { counter = replacements; }
      } const done{replaced};
      return replace_all(store, key, replaced);
    }
    std::optional<Moment> last;
    watched.look_until_done([&] {
      const auto answer = get(store, orders, key);
      const auto now = moment(answer);
      expect(!(now < last), "the moment went back from " + shown(last) + " to " + shown(now));
      last = now;
      if (!answer.view) return;
      expect_same("the state at " + shown(answer.as_of.position), answer.view->state,
                  std::to_string(count(answer.as_of.position)));
    });
  });
  expect_same("the state", state(lab.store(), orders, key), std::to_string(commits));
  expect_same("the revision", run_of(lab.store(), orders).revision, Revision{replacements});
}

}  // namespace

std::span<const Rule> view_race_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"race: 20 writers of 5 keys lose no change (T37)", views, no_change_is_lost},
      {"race: readers see only what was committed, all of one instant (T38)", views, readers_see_commits},
      {"race: readers see one generation whole, whatever is switched (T43)", generations, one_generation_whole},
      {"race: views that are replaced while a run goes on undo nothing, and are not undone", views,
       replaced_under_a_run},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
