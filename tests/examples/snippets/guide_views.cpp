// The code that docs/guide-views.md shows and no example holds.
#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

#include "lantern/blocking/read_views.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/blocking/wait_until.hpp"
#include "lantern/broadcast/broadcasting.hpp"
#include "lantern/followed_views.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/memory/memory_store.hpp"

using namespace lantern;
using namespace std::chrono_literals;

namespace {

struct Ordered {
  static constexpr std::string_view event_type = "Ordered";
  std::string customer;
  std::int64_t amount{};
};
struct Forgotten {
  static constexpr std::string_view event_type = "Forgotten";
  std::string customer;
};
struct Total {
  std::int64_t total{};
};
struct Added {
  std::int64_t added{};
};
BOOST_DESCRIBE_STRUCT(Ordered, (), (customer, amount))
BOOST_DESCRIBE_STRUCT(Forgotten, (), (customer))
BOOST_DESCRIBE_STRUCT(Total, (), (total))
BOOST_DESCRIBE_STRUCT(Added, (), (added))

struct Totals {
  using State = Total;
  using Delta = Added;
  using codec = JsonCodec<Ordered, Forgotten>;
  using view_codec = JsonViewCodec<State, Delta>;

  std::string name() const { return "totals"; }

  std::string keys(const auto& event) const { return event.customer; }

  tl::expected<Change<Delta>, Failure> apply(State& state, const Ordered& event) const {
    if (event.amount < 0) return tl::unexpected(Failure(FailureKind::rejected, "an order of less than nothing"));
    if (event.amount == 0) return unchanged;
    state.total += event.amount;
    return changed(Added{event.amount});
  }
  Change<Delta> apply(State&, const Forgotten&) const { return erased; }
};
static_assert(KeyedProjector<Totals>);

// ---- keys ----

struct Transferred {
  static constexpr std::string_view event_type = "Transferred";
  std::string from, to;
  std::int64_t amount{};
};
BOOST_DESCRIBE_STRUCT(Transferred, (), (from, to, amount))

struct Balances {
  using State = Total;
  using Delta = Added;
  using codec = JsonCodec<Transferred>;
  using view_codec = JsonViewCodec<State, Delta>;
  std::string name() const { return "balances"; }

  std::array<std::string, 2> keys(const Transferred& event) const { return {event.from, event.to}; }
  Change<Delta> apply(State& balance, const Transferred& event, const ViewAt& at) const {
    const std::int64_t amount = at.key == event.from ? -event.amount : event.amount;
    balance.total += amount;
    return changed(Added{amount});
  }
};

// ---- other bytes ----

struct PlainNumbers {
  std::string encode_state(const Total& state) const { return std::to_string(state.total); }
  std::string encode_delta(const Added& delta) const { return std::to_string(delta.added); }
  tl::expected<Total, Failure> decode_state(std::string_view bytes) const {
    std::int64_t total = 0;
    const auto [end, error] = std::from_chars(bytes.begin(), bytes.end(), total);
    if (error == std::errc() && end == bytes.end()) return Total{total};
    return tl::unexpected(Failure(FailureKind::undecodable, "the state is no number"));
  }
};

struct Plain : Totals {
  using view_codec = PlainNumbers;
};
static_assert(KeyedProjector<Plain>);

// ---- running and reading ----

void run_and_read(MemoryStore& store) {
  Totals totals;
  const Finished finished = run_projection_blocking(totals, store);
  assert(finished && finished->applied == 5 && finished->quarantined == 0);

  const auto found = store.perform(GetView{{"totals"}, "eu/ada"});
  if (!found) std::cerr << to_string(found.error()) << '\n';
  else if (found->view) std::cout << *found->view->state << ", version " << found->view->version << '\n';
  else std::cout << "there is no such view\n";
  assert(found->view->state == R"({"total":30})" && found->view->version == 2);
  assert(found->as_of.position == Position{6});

  std::optional<std::string> after;
  std::vector<std::string> keys;
  for (bool more = true; more;) {
    const auto page = store.perform(ScanViews{{"totals"}, "eu/", after, 1});
    if (!page) break;
    for (const StoredView& view : page->views) keys.push_back(view.key);
    after = page->next();
    more = after.has_value();
  }
  assert((keys == std::vector<std::string>{"eu/ada", "eu/bob"}));
}

void read_decoded(MemoryStore& store) {
  Totals totals;
  const auto ada = require_state(totals, store, "eu/ada");
  if (ada) std::cout << ada->state.total << " as of " << *ada->as_of.position << '\n';
  else if (const auto* none = std::get_if<StateNotFound>(&ada.error())) std::cerr << none->message() << '\n';
  assert(ada->state.total == 30 && ada->moment.version == 2);
  assert(!require_state(totals, store, "us/eve") && scan_all(store, {"totals"}, "eu/")->size() == 2);

  const Position position = *store.head();
  const Waited waited = wait_until(store, {"totals"}, position, 5s);
  if (!std::holds_alternative<Reached>(waited)) std::cerr << waited << '\n';
  assert(std::holds_alternative<Reached>(waited));
}

void two_keys() {
  MemoryStore store;
  store.append({{.stream = "bank", .type = "Transferred", .data = R"({"from":"ada","to":"bob","amount":5})"}}).value();
  Balances balances;
  assert(run_projection_blocking(balances, store));
  assert(store.perform(GetView{{"balances"}, "ada"})->view->state == R"({"total":-5})");
  assert(store.perform(GetView{{"balances"}, "bob"})->view->state == R"({"total":5})");
}

// ---- tenants ----

void tenants(MemoryStore& store) {
  Totals totals;
  const Finished finished = run_projection_blocking(totals, store, ProjectionConfig().of_tenant("acme"));
  const auto of_acme = store.perform(GetView{{"totals", "acme"}, "eu/ada"});
  assert(finished && of_acme->view);
  assert(!store.perform(GetView{{"totals", "another"}, "eu/ada"})->view);
}

// ---- parked keys ----

struct Strict : Totals {
  std::string name() const { return "strict"; }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

void parked(MemoryStore& store) {
  Strict strict;
  const auto config = ProjectionConfig().with(
      EventRetryConfig{.max_attempts = 1, .backoff = {.base = 1ms}, .when_exhausted = Escalation::quarantine_key});
  const auto finished = run_projection_blocking(strict, store, config);
  for (const QuarantineRecord& record : store.quarantined({"strict"})) {
    std::cout << *record.key << " waits at " << record.position << ": " << record.error << '\n';
  }
  const auto records = store.quarantined({"strict"});
  assert(finished && records.size() == 2);
  assert(records[0].reason == QuarantineReason::exhausted && records[1].reason == QuarantineReason::waiting);
  assert(store.perform(GetView{{"strict"}, "eu/bob"})->view->version == 1);

  const auto now = store.perform(GetView{{"strict"}, "eu/bob"}).value();
  const auto replaced = store.perform(ReplaceView{.projection = {"strict"},
                                                  .key = "eu/bob",
                                                  .state = R"({"total":15})",
                                                  .version = 2,
                                                  .position = now.as_of.position,
                                                  .through = now.as_of.position,
                                                  .generation = now.as_of.generation});
  assert(replaced && store.quarantined({"strict"}).empty());
}

// ---- following ----

void follow(MemoryStore& store, Broadcaster& broadcaster, std::stop_token stop, const auto& show) {
  auto subscriber = broadcaster.subscribe({"totals"}, KeyPrefix{"eu/"});  // first subscribe, then begin
  FollowedViews totals({"totals"}, KeyPrefix{"eu/"}, Totals::view_codec(),
                       [](Total& state, const Added& delta) { state.total += delta.added; });
  auto reads = totals.begin();
  while (!stop.stop_requested()) {
    (void)totals.perform(store, reads);  // what fails stays in `reads`
    show(totals.views());
    const auto news = subscriber->wait(stop, reads.empty() ? 10s : 1s);
    if (!news) continue;
    const auto* published = std::get_if<std::shared_ptr<const PublishedFrame>>(&*news);
    const auto more = published ? totals.take((*published)->frame) : totals.check();
    reads.insert(reads.end(), more.begin(), more.end());
  }
}

void followed(MemoryStore& store) {
  Broadcaster broadcaster;
  Broadcasting told(store, broadcaster);             // run the projection on this one
  auto attachment = broadcaster.attach({"totals"});  // a second one is refused
  assert(attachment && !broadcaster.attach({"totals"}));

  std::stop_source stop;
  std::jthread run([&] {
    Totals totals;
    const Finished finished = run_projection_blocking(totals, told, ProjectionConfig().continuous(), stop.get_token());
    assert(finished);
  });
  const NewEvent more{.stream = "shop", .type = "Ordered", .data = R"({"customer":"eu/ada","amount":4})"};
  bool asked = false;
  follow(store, broadcaster, stop.get_token(), [&](const auto& views) {
    if (!asked && views.size() == 2) asked = store.append({more}).has_value();
    if (asked && views.at("eu/ada").total == 34) stop.request_stop();
  });
}

}  // namespace

int main() {
  MemoryStore store;
  const auto ordered = [](const std::string& customer, int amount) {
    return NewEvent{.stream = "shop",
                    .type = "Ordered",
                    .data = R"({"customer":")" + customer + R"(","amount":)" + std::to_string(amount) + "}"};
  };
  store.append({ordered("eu/ada", 10), ordered("eu/ada", 20), ordered("eu/bob", 5), ordered("us/eve", 7)}).value();
  store.append({{.stream = "shop", .type = "Forgotten", .data = R"({"customer":"us/eve"})"}}).value();
  store.append({{.stream = "shop", .type = "Unknown"}}).value();
  run_and_read(store);
  read_decoded(store);
  two_keys();
  tenants(store);
  followed(store);
  store.append({ordered("eu/bob", -1), ordered("eu/bob", 10)}).value();
  parked(store);
}
