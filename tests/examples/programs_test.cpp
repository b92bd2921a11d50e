// Each example prints what it says it prints.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>

namespace {

struct Ran {
  std::string output;
  int status{};
};

Ran run(const std::string& example) {
  const std::string command = std::string("'") + LANTERN_EXAMPLES_DIR + "/" + example + "' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Ran ran;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), got);
  ran.status = pclose(pipe);
  return ran;
}

}  // namespace

TEST_CASE("custom_store: a crash before the commit loses nothing, and every movement counts once") {
  const Ran ran = run("custom_store");
  CHECK(ran.status == 0);
  CHECK(ran.output ==
        "crash before SaveCheckpoint{stock, from=-, through=3, writes=3, quarantined=0}\n"
        "caught up at 3: 3 applied, 0 quarantined, 0 retries, 2 pages, 2 commits\n"
        "caught up at 4: 1 applied, 0 quarantined, 0 retries, 1 pages, 1 commits\n"
        "apple: 7\n"
        "pear: 10\n");
}

TEST_CASE("bank_account: what passes by itself is tried again, what does not is passed with a record") {
  const Ran ran = run("bank_account");
  CHECK(ran.status == 0);
  CHECK(ran.output ==
        "event 4 failed: no exchange rates yet\n"
        "event 4 failed: no exchange rates yet\n"
        "event 5 failed: the balance is too low\n"
        "event 6 failed: the payload is no Withdrawn (not a number)\n"
        "caught up at 7: 5 applied, 2 quarantined, 2 retries, 1 pages, 2 commits\n"
        "ada has 70 EUR\n"
        "bob has 40 EUR\n"
        "event 5 was skipped: a Withdrawn on account-bob\n"
        "event 6 was skipped: a Withdrawn on account-ada\n");
}
