// The projector that docs/guide-testing.md tests.
#pragma once

#include <map>
#include <string>

#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"

namespace shop {

using lantern::Change;
using lantern::changed;
using lantern::erased;
using lantern::Failure;
using lantern::FailureKind;

struct Added {
  static constexpr std::string_view event_type = "Added";
  std::string cart;
  std::string sku;
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Added, (), (cart, sku, cents))

struct Removed {
  static constexpr std::string_view event_type = "Removed";
  std::string cart;
  std::string sku;
};
BOOST_DESCRIBE_STRUCT(Removed, (), (cart, sku))

struct Paid {
  static constexpr std::string_view event_type = "Paid";
  std::string cart;
};
BOOST_DESCRIBE_STRUCT(Paid, (), (cart))

struct Cart {
  std::map<std::string, std::int64_t> lines{};
  std::int64_t total{};
};
BOOST_DESCRIBE_STRUCT(Cart, (), (lines, total))

struct TotalMoved {
  std::int64_t by{};
};
BOOST_DESCRIBE_STRUCT(TotalMoved, (), (by))

struct Carts {
  using State = Cart;
  using Delta = TotalMoved;
  using codec = lantern::JsonCodec<Added, Removed, Paid>;
  using view_codec = lantern::JsonViewCodec<Cart, TotalMoved>;

  std::string name() const { return "carts"; }
  std::string keys(const auto& event) const { return event.cart; }

  Change<TotalMoved> apply(Cart& cart, const Added& event) const {
    cart.lines[event.sku] += event.cents;
    cart.total += event.cents;
    return changed(TotalMoved{event.cents});
  }
  tl::expected<Change<TotalMoved>, Failure> apply(Cart& cart, const Removed& event) const {
    const auto line = cart.lines.find(event.sku);
    if (line == cart.lines.end()) return tl::unexpected(Failure(FailureKind::rejected, "no such line"));
    const std::int64_t cents = line->second;
    cart.lines.erase(line);
    cart.total -= cents;
    return changed(TotalMoved{-cents});
  }
  Change<TotalMoved> apply(Cart&, const Paid&) const { return erased; }
};

/// Without keys: what all carts together were paid for.
struct Turnover {
  using codec = lantern::JsonCodec<Added>;
  std::int64_t cents{};
  std::string name() const { return "turnover"; }
  void apply(const Added& event, lantern::Position) { cents += event.cents; }
};

}  // namespace shop
