// The JSON codec: a described struct out of a payload.
#include <lantern/json_codec.hpp>

namespace {
struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string account;
  int amount{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, amount))
}  // namespace

int main() {
  const lantern::JsonCodec<Deposited> codec;
  const auto event = codec.decode({.type = "Deposited", .data = R"({"account":"a","amount":5})"});
  return event && std::get<Deposited>(*event).amount == 5 ? 0 : 1;
}
