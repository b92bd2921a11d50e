// Each example prints what it says it prints.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "process.hpp"

namespace {
Ran run(const std::string& program, const std::string& arguments = {},
        const std::string& folder = LANTERN_EXAMPLES_DIR) {
  return shell(quoted(folder + "/" + program) + " " + arguments);
}
/// With each number as `#`.
std::string without_numbers(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c < '0' || c > '9') out += c;
    else if (out.empty() || out.back() != '#') out += '#';
  }
  return out;
}

/// What a page shows as the output of programs: its blocks of text.
std::vector<std::string> shown_outputs(const std::string& page) {
  std::ifstream in(std::string(LANTERN_SOURCE_DIR) + "/docs/" + page, std::ios::binary);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "```text") blocks.emplace_back();
    else if (inside && line != "```") blocks.back() += line + '\n';
    inside = line == "```text" || (inside && line != "```");
  }
  return blocks;
}
}  // namespace

TEST_CASE("custom_store: a crash before the commit loses nothing, and every movement counts once") {
  const Ran ran = run("custom_store");
  CHECK(ran.code == 0);
  CHECK(ran.output ==
        "crash before SaveCheckpoint{stock, from=-, through=3, writes=3, quarantined=0}\n"
        "caught up at 3: 3 applied, 0 quarantined, 0 retries, 2 pages, 2 commits\n"
        "caught up at 4: 1 applied, 0 quarantined, 0 retries, 1 page, 1 commit\n"
        "apple: 7\n"
        "pear: 10\n");
}

TEST_CASE(
    "billing_period: thousands of streams are caught up, killed half-way and gone on with, and each event counts "
    "once") {
  const TemporaryFolder folder;
  const std::string file = quoted((folder.path() / "billing.db").string());
  const Ran killed = run("billing_period", file + " 1500");
  CHECK(killed.code == 9);
  const Ran after = run("billing_period", file);
  CHECK(after.code == 0);
  CHECK(killed.output == "0 streams are stored\nthe power goes after 1716 streams\n");
  // The sums are known from the metering itself: 4000 processes, three days of i % 7 + day, every second one settled.
  std::int64_t kwh = 0;
  for (int i = 1; i <= 4000; ++i) kwh += 3 * (i % 7) + 1 + 2 + 3;
  const std::string sums =
      "4000 streams are stored, process/2026-10/42 up to event 4\n2026-10: {\"readings\":12000,\"kwh\":" +
      std::to_string(kwh) + ",\"settled\":2000}\n";
  CHECK(after.output == "1716 streams are stored\n7993 events of 2284 streams in 8 commits\n" + sums);
  const Ran again = run("billing_period", file);
  CHECK(again.output == "4000 streams are stored\n0 events of 0 streams in 0 commits\n" + sums);
}

TEST_CASE("bank_account: what passes by itself is tried again, what does not is passed with a record") {
  const Ran ran = run("bank_account");
  CHECK(ran.code == 0);
  CHECK(ran.output ==
        "event 4 failed: no exchange rates yet\n"
        "event 4 failed: no exchange rates yet\n"
        "event 5 failed: the balance is too low\n"
        "event 6 failed: the payload is no Withdrawn (not a number)\n"
        "caught up at 7: 5 applied, 2 quarantined, 2 retries, 1 page, 2 commits\n"
        "ada has 70 EUR\n"
        "bob has 40 EUR\n"
        "event 5 was skipped: a Withdrawn on account-bob\n"
        "event 6 was skipped: a Withdrawn on account-ada\n");
}

TEST_CASE("continuous: both projections see every order of the day, and go on the next day") {
  const TemporaryFolder folder;
  const std::string file = quoted((folder.path() / "shop.db").string());
  const Ran first = run("continuous", file);
  CHECK(first.code == 0);
  CHECK(first.output ==
        "open\n"
        "revenue stopped at 100\n"
        "sold stopped at 100\n"
        "revenue: 600\n"
        "apple: 68\n"
        "pear: 66\n"
        "plum: 66\n");
  const Ran second = run("continuous", file);
  CHECK(second.code == 0);
  CHECK(second.output ==
        "open\n"
        "revenue stopped at 200\n"
        "sold stopped at 200\n"
        "revenue: 1200\n"
        "apple: 136\n"
        "pear: 132\n"
        "plum: 132\n");
}

TEST_CASE("continuous: Ctrl-C closes the shop in good order, and the next day nothing is missing") {
  const TemporaryFolder folder;
  const std::string file = quoted((folder.path() / "shop.db").string());
  OnTerminal terminal("exec " + quoted(LANTERN_EXAMPLES_DIR "/continuous") + " " + file);
  REQUIRE(terminal.wait_for("open"));
  terminal.interrupt();
  const Ran stopped = terminal.finish();
  INFO(stopped.output);
  CHECK(stopped.code == 0);
  CHECK(stopped.output.find("sold stopped at") != std::string::npos);

  const Ran next_day = run("continuous", file);
  CHECK(next_day.code == 0);
  CHECK(next_day.output.find("\napple: 136\npear: 132\nplum: 132\n") != std::string::npos);
}

TEST_CASE("live_orders: two screens follow the orders, and version 2 takes over in the middle of the traffic") {
  const TemporaryFolder folder;
  const Ran ran = run("live_orders", quoted((folder.path() / "orders.db").string()));
  CHECK(ran.code == 0);
  CHECK(ran.output ==
        "1 orders, 12 euro, 0 pieces; us/1 is open\n"
        "1 orders, 12 euro, 3 pieces; us/1 is open\n"
        "450 orders, 4500 euro, 900 pieces; eu/1001 is paid\n"
        "1 orders, 12 euro, 3 pieces; us/1 is paid\n"
        "version 1 was superseded\n"
        "version 2 stopped at 1002 in generation 2\n"
        "eu/1042 as of 1002: {\"status\":\"paid\",\"euro\":10,\"pieces\":2}\n"
        "generation 1 is dropped\n");
}

TEST_CASE("the code of the guides does what the guides say") {
  for (const std::string name : {"guide_projector", "guide_custom_store", "guide_views", "guide_views_asio",
                                 "guide_rebuild", "guide_event_loop", "guide_testing", "reliability_disk"}) {
    const Ran ran = run("snippet_" + name, {}, LANTERN_SNIPPETS_DIR);
    INFO(name << ": " << ran.output);
    CHECK(ran.code == 0);
  }
}

TEST_CASE("simulated_bank: nothing that happens changes a balance, and a bank that forgets is found") {
  const Ran right = run("simulated_bank");
  CHECK(right.code == 0);
  CHECK_THAT(right.output, Catch::StartsWith("1000 runs, ") && Catch::EndsWith(" faults: all went well\n"));
  const Ran broken = run("simulated_bank", "--broken");
  CHECK(broken.code == 1);
  CHECK_THAT(broken.output, Catch::Contains("bank violates S1: stored in generation 1 at checkpoint 2: ") &&
                                Catch::Contains(" to 1 departure of ") && Catch::Contains("  ! crash_before"));
}

TEST_CASE("the guide to simulation shows what its programs print, but for the numbers") {
  const Ran snippet = run("snippet_guide_simulation", "--count 20", LANTERN_SNIPPETS_DIR);
  CHECK(snippet.code == 0);
  const std::string printed =
      without_numbers(run("simulated_bank").output + run("simulated_bank", "--broken").output + snippet.output);
  const auto shown = shown_outputs("guide-simulation.md");
  CHECK(shown.size() == 3);
  for (const std::string& block : shown) {
    INFO(block);
    CHECK(printed.find(without_numbers(block)) != std::string::npos);
  }
}
