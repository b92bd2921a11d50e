// A fold in memory over typed events, and what becomes of events that fail.
//
// Three things go wrong here, as they do in life: an amount that is no number, a withdrawal that the account does not
// cover, and a service that is away for a moment. The first two are passed, each with a record in the store that says
// so. The third is tried again.
#include <iostream>
#include <map>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/memory/memory_store.hpp"

using namespace lantern;

// ---- the events: plain structs, and how each is called in the log ----

struct Opened {
  static constexpr std::string_view event_type = "Opened";
  std::string owner;
};
struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string owner;
  int amount;
  std::string currency;
};
struct Withdrawn {
  static constexpr std::string_view event_type = "Withdrawn";
  std::string owner;
  int amount;
};
BOOST_DESCRIBE_STRUCT(Opened, (), (owner))
BOOST_DESCRIBE_STRUCT(Deposited, (), (owner, amount, currency))
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (owner, amount))

// ---- a service that the fold needs, and that is not always there ----

struct ExchangeRates {
  int calls_until_it_is_back = 2;

  tl::expected<int, Failure> to_euro(int amount, const std::string& currency) {
    if (currency == "EUR") return amount;
    if (calls_until_it_is_back-- > 0) return tl::unexpected(Failure(FailureKind::unavailable, "no exchange rates yet"));
    return amount / 2;
  }
};

// ---- the projector ----

struct Balances {
  using codec = JsonCodec<Opened, Deposited, Withdrawn>;
  using Applied = tl::expected<void, Failure>;

  std::map<std::string, int> balance_of;
  ExchangeRates rates;

  std::string name() const { return "balances"; }

  void apply(const Opened& event, Position) { balance_of[event.owner] = 0; }

  Applied apply(const Deposited& event, Position) {
    return rates.to_euro(event.amount, event.currency).map([&](int euro) { balance_of[event.owner] += euro; });
  }

  Applied apply(const Withdrawn& event, Position) {
    int& balance = balance_of[event.owner];
    if (balance < event.amount) return tl::unexpected(Failure(FailureKind::rejected, "the balance is too low"));
    balance -= event.amount;
    return {};
  }

  FailureStrategy on_error(const FailureContext& context) {
    std::cout << "event " << context.position << " failed: " << context.error.what << '\n';
    return is_transient(context.error.kind) ? FailureStrategy::Retry : FailureStrategy::Skip;
  }
};

int main() {
  MemoryStore store;
  const auto appended = store.append({
      {.stream = "account-ada", .type = "Opened", .data = R"({"owner": "ada"})"},
      {.stream = "account-ada", .type = "Deposited", .data = R"({"owner": "ada", "amount": 100, "currency": "EUR"})"},
      {.stream = "account-bob", .type = "Opened", .data = R"({"owner": "bob"})"},
      {.stream = "account-bob", .type = "Deposited", .data = R"({"owner": "bob", "amount": 80, "currency": "USD"})"},
      {.stream = "account-bob", .type = "Withdrawn", .data = R"({"owner": "bob", "amount": 500})"},
      {.stream = "account-ada", .type = "Withdrawn", .data = R"({"owner": "ada", "amount": "thirty"})"},
      {.stream = "account-ada", .type = "Withdrawn", .data = R"({"owner": "ada", "amount": 30})"},
  });
  if (!appended) return 1;

  Balances balances;
  const auto retries = EventRetryConfig{.max_attempts = 5, .backoff = {.base = std::chrono::milliseconds(1)}};
  const Finished finished = run_projection_blocking(balances, store, ProjectionConfig().with(retries));
  if (!finished) {
    std::cout << finished.error().message() << '\n';
    return 1;
  }
  std::cout << *finished << '\n';
  for (const auto& [owner, balance] : balances.balance_of) std::cout << owner << " has " << balance << " EUR\n";
  for (const auto& record : store.quarantined(ProjectionId("balances"))) {
    std::cout << "event " << record.position << " was " << to_string(record.reason) << ": a " << record.type << " on "
              << record.stream << '\n';
  }
}
