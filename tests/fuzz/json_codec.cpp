// JSON codecs: hostile bytes give a failure, and what was written is read as the same.
#include "lantern/json_codec.hpp"

#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "input.hpp"
#include "lantern/json_views.hpp"
#include "lantern/names.hpp"

using namespace lantern;
using fuzz::Input;
using fuzz::promise;

namespace {

struct Line {
  std::string sku;
  std::uint64_t count{};
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, count, note))
bool operator==(const Line& a, const Line& b) { return a.sku == b.sku && a.count == b.count && a.note == b.note; }

struct Order {
  static constexpr std::string_view event_type = "Order";
  std::string customer;
  std::int64_t cents{};
  double weight{};
  bool paid{};
  std::vector<Line> lines;
  std::map<std::string, double> rates;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer, cents, weight, paid, lines, rates))
bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
bool operator==(const Order& a, const Order& b) {
  const auto equal_rates = [](const auto& x, const auto& y) { return x.first == y.first && same(x.second, y.second); };
  return a.customer == b.customer && a.cents == b.cents && same(a.weight, b.weight) && a.paid == b.paid &&
         a.lines == b.lines && std::equal(a.rates.begin(), a.rates.end(), b.rates.begin(), b.rates.end(), equal_rates);
}

struct Closed {
  static constexpr std::string_view event_type = "Closed";
  boost::json::value why;  // any JSON
};
BOOST_DESCRIBE_STRUCT(Closed, (), (why))

using Events = JsonCodec<Order, Closed>;
using Views = JsonViewCodec<Order, boost::json::value>;

void check_failure(const Failure& failure) {
  promise(failure.kind == FailureKind::undecodable, "bytes that do not fit are undecodable", failure.what);
  promise(!failure.what.empty() && failure.what.size() < 256, "and it is said why, in brief", failure.what);
}

/// What a codec writes, it reads as the same; and writes it as before.
void check_state(const Order& state) {
  const Views codec;
  std::string text;
  try {
    text = codec.encode_state(state);
  } catch (const std::invalid_argument&) {
    return;  // it could not be read back, and is not written
  }
  promise(is_utf8(text), "what is written is text", text);
  const auto again = codec.decode_state(text);
  promise(again.has_value(), "what is written can be read", text);
  promise(*again == state, "as the same", text);
  promise(codec.encode_state(*again) == text, "and is written as before", text);
}

void check_delta(const boost::json::value& delta) {
  const Views codec;
  std::string text;
  try {
    text = codec.encode_delta(delta);
  } catch (const std::invalid_argument&) {
    return;
  }
  const auto again = codec.decode_delta(text);
  promise(again.has_value(), "a delta that is written can be read", text);
  promise(codec.encode_delta(*again) == text, "as the same", text);
}

void read_bytes(std::string_view bytes) {
  const Views codec;
  for (const std::string_view type : {"Order", "Closed", "Unheard"}) {
    const auto event = Events{}.decode({.type = type, .data = bytes});
    if (!event) check_failure(event.error());
  }
  if (const auto state = codec.decode_state(bytes)) check_state(*state);
  else check_failure(state.error());
  if (const auto delta = codec.decode_delta(bytes)) check_delta(*delta);
  else check_failure(delta.error());
}

double real(Input& in) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | in.byte();
  return std::bit_cast<double>(bits);
}

/// A state with any members: texts that are no UTF-8, numbers that are none.
void write_state(Input in) {
  Order order{in.text(), in.number(), real(in), in.flip(), {}, {}};
  for (std::size_t n = in.choose(4); n > 0; --n) {
    Line line{in.text(), static_cast<std::uint64_t>(in.number()), std::nullopt};
    if (in.flip()) line.note = in.text();
    order.lines.push_back(std::move(line));
  }
  for (std::size_t n = in.choose(4); n > 0; --n) order.rates.emplace(in.text(), real(in));
  check_state(order);
}

/// Arrays and objects in each other, deeper than is allowed, too.
void write_delta(Input in) {
  boost::json::value delta = boost::json::string(in.text());
  for (std::size_t depth = in.choose(80); depth > 0; --depth) {
    if (in.flip()) delta = boost::json::array{std::move(delta), in.number()};
    else delta = boost::json::object{{in.text(4), std::move(delta)}, {"x", real(in)}};
  }
  check_delta(delta);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says what is done with the others.
  Input in({data, size});
  switch (in.byte()) {
    case 's': write_state(in); break;
    case 'd': write_delta(in); break;
    default: read_bytes(Input({data, size}).all());
  }
  return 0;
}
