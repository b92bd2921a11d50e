// Keyed JSON views on SQLite (synchronous=FULL): alone, and with many subscribers.
#include <cstdio>
#include <vector>

#include "benches.hpp"
#include "child.hpp"
#include "duel.hpp"
#include "keyed_work.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/broadcast/broadcasting.hpp"
#include "lantern/keyed_binding.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

std::string log_of(const ScratchDirectory& scratch, std::uint64_t events, std::uint64_t accounts) {
  const std::string file = scratch.file("accounts-" + std::to_string(events) + "-" + std::to_string(accounts) + ".db");
  if (!std::filesystem::exists(file)) append_accounts(file, 1, events, accounts);
  return file;
}

struct Case {
  std::string name;
  std::uint64_t accounts;
  KeyedShape shape;
  Target target;
};

int against_the_loop(const Settings& settings, const ScratchDirectory& scratch, const Case& it) {
  if (!settings.wants(it.name)) return 0;
  const std::string log = log_of(scratch, settings.keyed_events, it.accounts), file = scratch.file("work.db");
  std::uint64_t wanted = 0;
  const Work hand = [&] {
    copy_store(log, file);
    const double taken = accounts_by_hand(file, it.shape);
    wanted = digest_of_views(file, "views");
    return taken;
  };
  const Work lantern = [&] {
    copy_store(log, file);
    const double taken = accounts_by_lantern(file, it.shape);
    must(digest_of_views(file, "lantern_views") == wanted, "the two have different views");
    return taken;
  };
  const bool met = fight({it.name, settings.keyed_events, it.target, hand, lantern},
                         it.target.kind == Target::Kind::none ? settings.few_rounds() : settings.rounds);
  remove_store(file);
  return met ? 0 : 1;
}

/// The run with a broadcaster, and this many subscribers of a key each. Nobody empties their queues meanwhile: how fast
/// a subscriber is must not matter.
double broadcast_run(const std::string& file, std::uint64_t subscribers) {
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the log could not be opened");
  lantern::Broadcaster broadcaster;
  lantern::Broadcasting told(*store, broadcaster);
  std::vector<lantern::Subscriber> listening;
  for (std::uint64_t i = 0; i < subscribers; ++i) {
    char key[32];
    std::snprintf(key, sizeof key, "account-%06llu", static_cast<unsigned long long>(i * 10));
    auto one = broadcaster.subscribe({"accounts"}, lantern::OneKey{key});
    must(one.has_value(), "nobody can subscribe");
    listening.push_back(*std::move(one));
  }
  Accounts accounts;
  const double start = seconds();
  const auto finished = lantern::run_projection_blocking(accounts, told);
  const double taken = seconds() - start;
  must(finished.has_value(), "the projection failed");
  for (lantern::Subscriber& one : listening) must(one.poll().has_value(), "a subscriber was told nothing");
  return taken;
}

int publishing(const Settings& settings, const ScratchDirectory& scratch, const std::string& name, Target target,
               const std::function<double(const std::string&)>& quiet) {
  if (!settings.wants(name)) return 0;
  const std::string log = log_of(scratch, settings.keyed_events, 10'000), file = scratch.file("work.db");
  const Work before = [&] {
    copy_store(log, file);
    return quiet(file);
  };
  const Work with = [&] {
    copy_store(log, file);
    return broadcast_run(file, 1000);
  };
  const bool met = fight({name, settings.keyed_events, target, before, with}, settings.rounds);
  remove_store(file);
  return met ? 0 : 1;
}

int memory(const Settings& settings, const ScratchDirectory& scratch) {
  const std::string name = "keyed, memory";
  if (!settings.wants(name)) return 0;
  const std::string file = scratch.file("work.db");
  std::printf("\n%-44s %14s %14s\n", "keyed, memory: peak in MiB, cache of 10^4", "100 keys", "10^6 keys");
  double least = 0;
  int missed = 0;
  for (const std::uint64_t events : {settings.keyed_events / 4, settings.keyed_events}) {
    double peak[2] = {};
    for (int cold = 0; cold < 2; ++cold) {
      copy_store(log_of(scratch, events, cold ? 1'000'000 : 100), file);
      peak[cold] = run_program(settings.myself, {settings.myself, "--run-accounts", file, "10000"}).peak_mib;
    }
    std::printf("%-44s %14.1f %14.1f\n", (std::to_string(events) + " events").c_str(), peak[0], peak[1]);
    if (least == 0) least = peak[1];
    else if (peak[1] > 1.2 * least) ++missed, std::printf("%-44s\n", "MISSED: it grows with the keys");
  }
  remove_store(file);
  return missed;
}

}  // namespace

int keyed_bench(const Settings& settings, const ScratchDirectory& scratch) {
  int missed = 0;
  const Target close{Target::Kind::speed, 0.90};
  const Case cases[] = {
      {"keyed, 10^4 keys, 1000 events a commit", 10'000, {1000, 10'000}, close},
      {"keyed, 10^4 keys, 10000 events a commit", 10'000, {10'000, 10'000}, close},
      {"keyed, 100 hot keys, 1000 a commit", 100, {1000, 10'000}, {}},
      {"keyed, 10^6 cold keys, cache of 10^4", 1'000'000, {1000, 10'000}, {}},
  };
  for (const Case& it : cases) missed += against_the_loop(settings, scratch, it);
  missed += publishing(settings, scratch, "keyed, publish: no / 1000 subscribers", {Target::Kind::speed, 0.95},
                       [](const std::string& file) { return broadcast_run(file, 0); });
  missed += publishing(settings, scratch, "keyed, publish: not at all / 1000 subscribers", {},
                       [](const std::string& file) { return accounts_by_lantern(file, {}); });
  missed += memory(settings, scratch);
  return missed;
}

}  // namespace bench
