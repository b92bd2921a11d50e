// Keyed JSON views over a log of accounts: by lantern, and by the loop that one would write without it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>

#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "workload.hpp"

namespace bench {

template <class Kind>
struct Movement {
  static constexpr std::string_view event_type = Kind::name;
  std::string account{};
  std::int64_t amount{};
  std::string currency{}, channel{}, reference{};
  std::int64_t balance_hint{};
  BOOST_DESCRIBE_CLASS(Movement, (), (account, amount, currency, channel, reference, balance_hint), (), ())
};
struct OpenedKind {
  static constexpr std::string_view name = "Opened";
};
struct DepositedKind {
  static constexpr std::string_view name = "Deposited";
};
struct WithdrawnKind {
  static constexpr std::string_view name = "Withdrawn";
};
using Opened = Movement<OpenedKind>;
using Deposited = Movement<DepositedKind>;
using Withdrawn = Movement<WithdrawnKind>;

struct Account {
  std::int64_t balance{}, movements{};
  std::string currency{}, last{};
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance, movements, currency, last))
struct Moved {
  std::int64_t amount{}, balance{};
};
BOOST_DESCRIBE_STRUCT(Moved, (), (amount, balance))

/// The projector as one writes it. The order of events can be seen in its states.
struct Accounts {
  using State = Account;
  using Delta = Moved;
  using codec = lantern::JsonCodec<Opened, Deposited, Withdrawn>;
  using view_codec = lantern::JsonViewCodec<Account, Moved>;
  static const char* name() { return "accounts"; }
  static const std::string& keys(const auto& event) { return event.account; }
  static lantern::Change<Moved> apply(Account& account, const Opened& event) {
    account.currency = event.currency;
    return moved(account, event, event.amount);
  }
  static lantern::Change<Moved> apply(Account& account, const Deposited& event) {
    return moved(account, event, event.amount);
  }
  static lantern::Change<Moved> apply(Account& account, const Withdrawn& event) {
    return moved(account, event, -event.amount);
  }

 private:
  static lantern::Change<Moved> moved(Account& account, const auto& event, std::int64_t amount) {
    account.balance = account.balance / 2 + amount;
    ++account.movements;
    account.last = event.reference;
    return lantern::changed(Moved{amount, account.balance});
  }
};

/// How much is folded at once, and kept.
struct KeyedShape {
  std::uint64_t commit = 1000;  ///< events; pages are of 1000
  std::uint32_t cache = 10'000;
};

/// Events `from` to `to` of a log over this many accounts, appended to a store.
void append_accounts(const std::string& file, std::uint64_t from, std::uint64_t to, std::uint64_t accounts);

/// The hand-written loop, and how long it took: the same codecs, a cache of decoded states, each touched key written
/// once a commit, one transaction a commit.
double accounts_by_hand(const std::string& file, const KeyedShape&);
/// The same by lantern, from wherever the projection is; its time.
double accounts_by_lantern(const std::string& file, const KeyedShape&);

/// All of a table's views as one number: keys, states, versions and positions.
[[nodiscard]] std::uint64_t digest_of_views(const std::string& file, const std::string& table);

/// The main of a process that rebuilds the projection of a store's accounts again and again, until its input ends.
int rebuild_on_and_on(const char* file, const char* kind);

/// The main of a process whose memory is looked at: the projection over a store's whole log.
int run_accounts(const char* file, const char* cache);

}  // namespace bench
