// Contracts under real threads, each with a store of its own.
#include <algorithm>
#include <map>

#include "parallel.hpp"

namespace lantern::detail {
namespace {

using Data = std::vector<std::string>;

// ---- appending ----

constexpr std::size_t writers = 3, batches = 40;

Data written_by(std::size_t writer) {
  Data all;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    for (std::size_t i = 0; i <= batch % 3; ++i) {
      all.push_back(std::to_string(writer) + "/" + std::to_string(batch) + "/" + std::to_string(i));
    }
  }
  return all;
}

void write_all(std::size_t writer, SuiteStore& store) {
  const Data all = written_by(writer);
  auto next = all.begin();
  for (std::size_t batch = 0; batch < batches; ++batch) {
    AppendEvents append;
    for (std::size_t i = 0; i <= batch % 3; ++i) {
      NewEvent made;
      made.stream = i == 0 ? "shared" : "of " + std::to_string(writer);
      made.type = i == batch % 3 ? "last" : "more";
      made.data = *next++;
      append.events.push_back(std::move(made));
    }
    must("appending", Lab::perform(store, append));
  }
}

void expect_each_once(const std::string& whose, const Data& seen, auto wanted) {
  for (std::size_t writer = 0; writer < writers; ++writer) {
    Data of_writer, expected;
    const std::string prefix = std::to_string(writer) + "/";
    for (const auto& text : seen) {
      if (text.starts_with(prefix)) of_writer.push_back(text);
    }
    for (const auto& text : written_by(writer)) {
      if (wanted(text)) expected.push_back(text);
    }
    expect_same("what " + whose + " saw of writer " + std::to_string(writer), of_writer, expected);
  }
}

bool is_last_of_batch(std::string_view text) {
  const auto second = text.find('/', text.find('/') + 1);
  const auto batch = std::stoul(std::string(text.substr(text.find('/') + 1)));
  return std::stoul(std::string(text.substr(second + 1))) == batch % 3;
}

/// The lost-event test: positions that become visible out of order would be passed by a cursor that reads meanwhile.
void cursors_and_writers(Lab& lab) {
  std::atomic<std::size_t> writing{writers};
  std::vector<Data> seen(2);
  in_parallel(lab, writers + 2, [&](std::size_t i, SuiteStore& store) {
    if (i < writers) {
      const Leaving leaving{writing};
      return write_all(i, store);
    }
    const bool filtered = i > writers;
    ReadEvents asked;
    if (filtered) asked.filter.types = {"last"};
    if (filtered) asked.limit = 2;
    for (bool last_look = false;;) {
      const EventPage page = Lab::read(store, asked);
      for (const auto& event : page.events()) seen[i - writers].emplace_back(event.data);
      if (!filtered && page.at_head() && !page.empty()) {
        expect(is_last_of_batch(page.events().back().data), "a reader saw half of a batch");
      }
      asked.after = page.scanned_to;
      if (page.at_head() && last_look) break;
      if (page.at_head()) last_look = writing == 0;
    }
  });
  expect_each_once("a cursor", seen[0], [](const auto&) { return true; });
  expect_each_once("a cursor of one type", seen[1], [](const auto& text) { return is_last_of_batch(text); });
  const Walk walk = lab.walk();
  expect_same("what a cursor saw, against the log afterwards", seen[0], walk.data());
  std::map<std::string, std::int64_t> versions;
  for (const auto& page : walk.pages) {
    for (const auto& event : page.events()) {
      const std::string stream(event.stream);
      if (lab.offers().append) expect_same("version in stream " + stream, event.version, ++versions[stream]);
    }
  }
}

void one_id_many_writers(Lab& lab) {
  constexpr std::size_t events = 30;
  std::atomic<std::size_t> added{}, duplicates{};
  Rounds rounds(writers);
  in_parallel(lab, writers, [&](std::size_t, SuiteStore& store) {
    const Member round(rounds);
    for (std::size_t i = 0; i < events; ++i) {
      round.meet();
      NewEvent made;
      made.stream = "s";
      made.type = "T";
      made.data = made.id = std::to_string(i);
      const Appended done = must("appending", Lab::perform(store, AppendEvents{{made}, {}}));
      added += done.added;
      duplicates += done.duplicates;
    }
  });
  expect_same("added by all writers", added.load(), events);
  expect_same("duplicates of all writers", duplicates.load(), events * (writers - 1));
  Data seen = lab.walk().data(), expected;
  for (std::size_t i = 0; i < events; ++i) expected.push_back(std::to_string(i));
  expect_same("log", seen, expected);
}

void versions_decide(Lab& lab) {
  constexpr std::int64_t each = 20;
  in_parallel(lab, writers, [&](std::size_t i, SuiteStore& store) {
    std::int64_t known = 0;
    for (std::int64_t done = 0; done < each;) {
      NewEvent made;
      made.stream = "s";
      made.type = "T";
      made.data = std::to_string(i) + " at " + std::to_string(known + 1);
      const auto reply = Lab::perform(store, AppendEvents{{made}, {{"s", known}}});
      if (reply) {
        ++done, ++known;
        continue;
      }
      const auto conflict = must_refuse<VersionConflict>("an append at version " + std::to_string(known), reply);
      expect(conflict.actual > known, "a conflict that tells no newer version: " + shown(conflict));
      known = conflict.actual;
    }
  });
  std::int64_t version = 0;
  for (const auto& text : lab.walk().data()) {
    ++version;
    expect(text.ends_with(" at " + std::to_string(version)),
           "event " + std::to_string(version) + " was written as " + shown(text));
  }
  expect_same("events", version, each * static_cast<std::int64_t>(writers));
}

// ---- checkpoints and leases ----

void one_commit_wins(Lab& lab) {
  constexpr std::int64_t rounds = 20;
  const ProjectionId id("orders");
  Rounds begins(writers), ends(writers);
  std::atomic<std::int64_t> won{};
  in_parallel(lab, writers, [&](std::size_t, SuiteStore& store) {
    const Member begin(begins), end(ends);
    for (std::int64_t round = 1; round <= rounds; ++round) {
      SaveCheckpoint save;
      save.projection = id;
      save.from = Lab::checkpoint(store, id);
      save.through = Position{round};
      begin.meet();  // all build on the same checkpoint
      const auto reply = Lab::perform(store, save);
      if (reply) ++won;
      else static_cast<void>(must_refuse<CheckpointMoved>(shown(save), reply));
      end.meet();
    }
  });
  expect_same("commits that went through, of one step each", won.load(), rounds);
  expect_same("the checkpoint", lab.checkpoint(id), std::optional(Position{rounds}));
}

void one_owner_wins(Lab& lab) {
  const ProjectionId id("orders");
  Fence last{};
  for (int round = 0; round < 10; ++round) {
    std::vector<std::optional<Lease>> got(4);
    in_parallel(lab, got.size(), [&](std::size_t i, SuiteStore& store) {
      const auto reply =
          Lab::perform(store, AcquireLease{id, "owner " + std::to_string(i), std::chrono::seconds(1000)});
      if (reply) got[i] = *reply;
      else static_cast<void>(must_refuse<LeaseHeld>("a lease", reply));
    });
    const auto winners = std::ranges::count_if(got, [](const auto& lease) { return lease.has_value(); });
    expect_same("owners that got the lease at once", winners, 1);
    const Lease& lease = **std::ranges::find_if(got, [](const auto& one) { return one.has_value(); });
    expect(round == 0 || lease.fence > last, "the fence did not grow");
    last = lease.fence;
    must("giving the lease back", lab.perform(ReleaseLease{id, lease}));
  }
}

// ---- hints ----

void hints_and_writers(Lab& lab) {
  std::atomic<std::size_t> writing{1};
  std::atomic<bool> late{};
  in_parallel(lab, 2, [&](std::size_t i, SuiteStore& store) {
    if (i == 0) {
      const Leaving leaving{writing};
      return write_all(0, store);
    }
    while (writing > 0) {
      const auto alive = std::make_shared<std::atomic<bool>>(true);
      {
        const Subscription subscription = store.on_append([alive, &late] {
          if (!*alive) late = true;
        });
        static_cast<void>(Lab::read(store, ReadEvents{}));
      }
      *alive = false;
    }
  });
  expect(!late, "a hint came after its subscription had ended");
}

}  // namespace

std::span<const Rule> race_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"race: cursors lose nothing and see nothing twice while others append", nothing, cursors_and_writers},
      {"race: an id counts once, whoever appends it", append, one_id_many_writers},
      {"race: expected versions let one of several writers through", append, versions_decide},
      {"race: one of several commits from the same checkpoint goes through", nothing, one_commit_wins},
      {"race: one of several owners gets the lease", leases, one_owner_wins},
      {"race: no hint comes after its subscription ended, while others append", append | hints, hints_and_writers},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
