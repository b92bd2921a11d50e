// One read model over thousands of streams: what the metering processes of a billing period add up to.
//
//   billing_period FILE [STREAMS]     the store; when so many streams (default: all) are stored, the power goes
//
// Each process has a stream of its own. The run catches up stream by stream and keeps a cursor for each, in the commit
// that stores what its events add up to. So it may die at any moment: the next one goes on where it was stored.
#include <cstdlib>
#include <iostream>
#include <string>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace lantern;

struct Metered {
  static constexpr std::string_view event_type = "Metered";
  std::string period;
  std::int64_t kwh;
};
struct Settled {
  static constexpr std::string_view event_type = "Settled";
  std::string period;
};
BOOST_DESCRIBE_STRUCT(Metered, (), (period, kwh))
BOOST_DESCRIBE_STRUCT(Settled, (), (period))

struct Period {
  std::int64_t readings{}, kwh{}, settled{};
};
BOOST_DESCRIBE_STRUCT(Period, (), (readings, kwh, settled))

// Nothing is promised about the order between streams. Sums do not mind.
struct Billing {
  using State = Period;
  using Delta = Period;
  using codec = JsonCodec<Metered, Settled>;
  using view_codec = JsonViewCodec<State, Delta>;

  std::string name() const { return "billing"; }
  std::string keys(const auto& event) const { return event.period; }
  Change<Delta> apply(State& period, const Metered& metered) const {
    ++period.readings;
    period.kwh += metered.kwh;
    return changed(Period{1, metered.kwh, 0});
  }
  Change<Delta> apply(State& period, const Settled&) const {
    ++period.settled;
    return changed(Period{0, 0, 1});
  }
};

void meter(SqliteStore& store, const std::string& period, int processes) {
  std::vector<NewEvent> events;
  for (int i = 1; i <= processes; ++i) {
    const std::string stream = "process/" + period + "/" + std::to_string(i);
    for (int day = 1; day <= 3; ++day) {
      events.push_back(
          {stream, "Metered", R"({"period":")" + period + R"(","kwh":)" + std::to_string(i % 7 + day) + "}"});
    }
    if (i % 2 == 0) events.push_back({stream, "Settled", R"({"period":")" + period + "\"}"});
  }
  store.append(std::move(events)).value();
}

int main(int argc, char** argv) {
  auto store = SqliteStore::open(argc > 1 ? argv[1] : "billing.db").value();
  const std::size_t power_goes_at = argc > 2 ? std::stoul(argv[2]) : 0;
  if (!store.head().value()) {
    meter(store, "2026-10", 4000);
    meter(store, "2026-11", 100);  // not billed yet
  }

  std::size_t read = 0;
  Observer watch([&](const ProjectionId&, const Happening& what) {
    read += std::holds_alternative<happening::StreamRead>(what);
    if (power_goes_at > 0 && read >= power_goes_at && std::holds_alternative<happening::Committed>(what)) {
      std::cout << "the power goes after " << read << " streams" << std::endl;
      std::_Exit(9);
    }
  });

  const auto before = store.perform(LoadCheckpoint{{"billing"}}).value().value_or(Checkpoint{}).cursors;
  std::cout << before.size() << " streams are stored\n";
  Billing billing;
  ProjectionConfig config;
  config.over(StreamSelection::with_prefix("process/2026-10/"));
  config.with(Leadership("the billing job"));  // by this name, the next one takes over from one that died, at once
  config.tell(watch);
  const auto done = run_projection_blocking(billing, store, config);
  if (!done) {
    std::cerr << done.error() << '\n';
    return 1;
  }
  std::cout << done->applied << " events of " << read << " streams in " << done->commits << " commits\n"
            << done->cursors.size() << " streams are stored, process/2026-10/42 up to event "
            << done->cursors.of("process/2026-10/42").value() << '\n'
            << "2026-10: " << *store.perform(GetView{{"billing"}, "2026-10"}).value().view->state << '\n';
}
