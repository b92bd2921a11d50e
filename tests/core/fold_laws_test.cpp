// Pure folds: laws, for logs that chance makes. The oracles are loops that know nothing of lantern's.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "log_in_hand.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

/// What chance made: a log with gaps, events of other types, and events that fail.
struct Made {
  LogInHand log{};
  std::vector<ViewModel::Event> model{};
  std::map<std::int64_t, int> fails{};
  std::map<std::pair<std::int64_t, std::string>, int> key_fails{};
  std::int64_t head{};
};

Made made_by_chance(bool with_others) {
  Made made;
  const auto count = *rc::gen::inRange<std::size_t>(0, 24);
  std::int64_t position = *rc::gen::inRange<std::int64_t>(0, 3);
  for (std::size_t i = 0; i < count; ++i) {
    const auto data = *rc::gen::element<std::string>("a", "b", "a b", "b a=", "a!", "c!", "", "c a");
    const bool other = with_others && *rc::gen::inRange(0, 4) == 0;
    made.log.add(position, data, other ? "Unknown" : "T");
    if (!other) made.model.push_back({position, "T", data});
    if (*rc::gen::inRange(0, 6) == 0) {
      made.fails[position] = *rc::gen::inRange(1, 3);
      for (const std::string& key : Chain::words(data, true)) made.key_fails[{position, key}] = 1;
    }
    made.head = position;
    position += *rc::gen::inRange<std::int64_t>(1, 4);
  }
  return made;
}

bool check(const char* what, const std::function<void()>& property) { return rc::check(what, property); }

}  // namespace

TEST_CASE("T5: the fold of a ++ b is the fold of a, caught up with b") {
  CHECK(check("a projector in memory, and views", [] {
    const Made made = made_by_chance(true);
    const auto all = made.log.events();
    const auto cut = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
    const auto whole_log_again = *rc::gen::arbitrary<bool>();
    Hashes whole, parts;
    ViewsInMemory<Chain> whole_views, part_views;
    const FoldResult expected = fold(whole, all);
    RC_ASSERT(fold(whole_views, all).has_value());
    const FoldResult first = fold(parts, all.first(cut));
    RC_ASSERT(fold(part_views, all.first(cut))->through == first->through);
    const auto rest = whole_log_again ? all : all.subspan(cut);
    const FoldResult second = catch_up(parts, rest, first->through);
    RC_ASSERT(catch_up(part_views, rest, first->through).has_value());
    RC_ASSERT(parts.hash == whole.hash);
    RC_ASSERT(parts.seen == whole.seen);
    RC_ASSERT(second->through == expected->through);
    RC_ASSERT(first->applied + second->applied == expected->applied);
    RC_ASSERT(part_views.views() == whole_views.views());
  }));
}

TEST_CASE("T5: a fold is what a naive loop makes, and what a run over a store makes") {
  CHECK(check("views that fail for a while", [] {
    const Made made = made_by_chance(false);
    Chain chain{.fails = made.key_fails, .strategy = FailureStrategy::Retry};
    const Position head{made.head};

    ViewsInMemory<Chain> views(chain);
    const FoldResult done = fold(views, made.log.events());
    RC_ASSERT(done.has_value());
    const auto expected = naive_fold(made.model, head);
    RC_ASSERT(difference(views.views(), expected) == "");

    std::uint64_t hash = 0;
    for (const auto& event : made.model) hash = link(hash + event.data.size(), event.position);
    Hashes hashes{.fails = made.fails, .strategy = FailureStrategy::Retry};
    RC_ASSERT(fold(hashes, made.log.events()).has_value());
    RC_ASSERT(hashes.hash == hash);

    ViewModel store;
    store.log = made.model;
    const Finished ran = run(chain, store);
    RC_ASSERT(ran.has_value());
    RC_ASSERT(ran->applied == done->applied);
    RC_ASSERT(ran->retries == done->retries);
    RC_ASSERT(ran->position == done->through);
    if (!made.model.empty()) RC_ASSERT(difference(store.live().views, expected) == "");
  }));
}

TEST_CASE("T30: what a fold passes and parks is what a run records, and the views are the same") {
  CHECK(check("events that fail for ever", [] {
    const Made made = made_by_chance(false);
    Chain chain{.strategy = *rc::gen::element(FailureStrategy::Retry, FailureStrategy::Skip)};
    for (const auto& [at, tries] : made.key_fails) chain.fails[at] = -1;
    ProjectionConfig config;
    config.event_retry.max_attempts = 1;
    config.event_retry.when_exhausted = *rc::gen::element(Escalation::quarantine, Escalation::quarantine_key);

    ViewsInMemory<Chain> views(chain);
    const FoldResult done = fold(views, made.log.events(), config.event_retry);
    RC_ASSERT(done.has_value());
    ViewModel store;
    store.log = made.model;
    const Finished ran = run(chain, store, config);
    RC_ASSERT(ran.has_value());
    RC_ASSERT(ran->applied == done->applied);
    RC_ASSERT(ran->retries == done->retries);
    RC_ASSERT(ran->quarantined == done->quarantined.size());
    if (made.model.empty()) return;
    std::map<ViewModel::RecordId, QuarantineRecord> records;
    for (const auto& record : done->quarantined) records.insert_or_assign({record.position.value, record.key}, record);
    RC_ASSERT(records == store.live().records);
    const auto all = views.views();
    for (const auto& [key, stored] : store.live().views) {
      const auto found = all.find(key);
      RC_ASSERT(stored.state.has_value() == (found != all.end()));
      if (!stored.state) continue;
      RC_ASSERT(*stored.state == std::to_string(found->second.state));
      RC_ASSERT(stored.version == found->second.version);
    }
  }));
}

TEST_CASE("T6: caught up from none is the fold, and from 0 it is the fold without an event at 0") {
  CHECK(check("none and 0", [] {
    const Made made = made_by_chance(true);
    Hashes folded, from_none, from_zero, naive;
    RC_ASSERT((fold(folded, made.log.events()) == catch_up(from_none, made.log.events(), std::nullopt)));
    RC_ASSERT(from_none.hash == folded.hash);
    RC_ASSERT(catch_up(from_zero, made.log.events(), Position{0}).has_value());
    for (const auto& event : made.model) {
      if (event.position > 0) naive.hash = link(naive.hash + event.data.size(), event.position);
    }
    RC_ASSERT(from_zero.hash == naive.hash);
    const auto after = *rc::gen::inRange<std::int64_t>(0, made.head + 2);
    Hashes from_there;
    RC_ASSERT(catch_up(from_there, made.log.events(), Position{after}).has_value());
    std::vector<std::int64_t> expected = folded.seen;
    std::erase_if(expected, [&](std::int64_t position) { return position <= after; });
    RC_ASSERT(from_there.seen == expected);
  }));
}

TEST_CASE("T7: a fold of all in one pass is each fold alone") {
  CHECK(check("with failures", [] {
    const Made made = made_by_chance(true);
    const auto strategy = *rc::gen::element(FailureStrategy::Fatal, FailureStrategy::Skip, FailureStrategy::Retry);
    const Hashes plain, failing{.fails = made.fails, .strategy = strategy};
    const Chain chain{.fails = made.key_fails, .strategy = strategy};
    Hashes alone_1 = plain, alone_2 = failing, together_1 = plain, together_2 = failing;
    ViewsInMemory<Chain> alone_3(chain), together_3(chain);
    const auto results = fold_all({together_1, together_2, together_3}, made.log.events());
    RC_ASSERT((results[0] == fold(alone_1, made.log.events())));
    RC_ASSERT((results[1] == fold(alone_2, made.log.events())));
    RC_ASSERT((results[2] == fold(alone_3, made.log.events())));
    RC_ASSERT(together_1.hash == alone_1.hash);
    RC_ASSERT(together_2.hash == alone_2.hash);
    RC_ASSERT(together_3.views() == alone_3.views());
  }));
}
