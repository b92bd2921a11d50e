#include "line_identity.hpp"

#include "fnv.hpp"

namespace lantern::cli {
namespace {

// Both hashes make a name, so that two lines would have to agree in 128 bits.
constexpr std::uint64_t other_basis = fnv1a("lantern");

constexpr std::size_t second_of_a_time = 19;  // 2024-05-01T10:00:00

void put(std::string& id, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) id += "0123456789abcdef"[(value >> shift) & 15];
}

}  // namespace

LineIdentity::LineIdentity(unsigned filter_bits, std::size_t most_counted)
    : shift_(64 - filter_bits), most_counted_(most_counted), filter_(std::size_t{1} << (filter_bits - 6)) {}

void LineIdentity::name(std::uint64_t number, std::string_view line, std::string_view ts, std::string& id) {
  const std::uint64_t hash = fnv1a(line), other = fnv1a(line, other_basis);
  id.assign(ts.substr(0, second_of_a_time));
  if (!id.empty()) id += '-';
  put(id, hash);
  put(id, other);
  if (!maybe_seen(hash, other)) return;

  auto counted = times_.find(hash);
  if (counted == times_.end() && times_.size() < most_counted_) counted = times_.emplace(hash, 1).first;
  if (counted != times_.end()) (id += '-') += std::to_string(++counted->second);
  else (id += "-line-") += std::to_string(number);
}

// Answers, and remembers. Six bits a line, by double hashing (Kirsch and Mitzenmacher, ESA 2006); of the hashes the
// upper bits, since the lower ones of FNV depend on too little.
bool LineIdentity::maybe_seen(std::uint64_t hash, std::uint64_t other) {
  bool seen = true;
  for (int bit = 0; bit < 6; ++bit, hash += other | 1) {
    const std::uint64_t at = hash >> shift_, mask = std::uint64_t{1} << (at & 63);
    std::uint64_t& word = filter_[at >> 6];
    seen = seen && (word & mask) != 0;
    word |= mask;
  }
  return seen;
}

}  // namespace lantern::cli
