// One number for all that happened in a run.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "lantern/pipeline.hpp"

namespace lantern::testing {

/// Mixes values into 64 bits, in their order. The same on every machine of either byte order that has 8-bit bytes.
class Digest {
 public:
  void add(std::uint64_t value) noexcept {
    value_ = (value_ ^ value) * 0x9FB21C651E98DF25ULL;
    value_ ^= value_ >> 29;
  }
  template <std::signed_integral N>
  void add(N value) noexcept {
    add(static_cast<std::uint64_t>(value));
  }
  void add(std::string_view text) noexcept {
    add(static_cast<std::uint64_t>(text.size()));
    const auto word_of = [](std::string_view bytes) {
      std::uint64_t word = 0;
      if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, bytes.data(), bytes.size());
      } else {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
        }
      }
      return word;
    };
    for (; text.size() >= 8; text.remove_prefix(8)) add(word_of(text.substr(0, 8)));
    if (!text.empty()) add(word_of(text));
  }
  void add(const std::optional<Position>& position) noexcept {
    add(static_cast<std::uint64_t>(position ? position->value : -1));
  }
  template <class T>
  void add(const std::optional<T>& value) noexcept {
    add(std::uint64_t{value.has_value()});
    if (value) add(*value);
  }
  void add(Position position) noexcept { add(position.value); }
  void add(StreamVersion version) noexcept { add(version.value); }
  void add(Generation generation) noexcept { add(generation.value); }
  void add(Fence fence) noexcept { add(fence.value); }
  void add(std::chrono::nanoseconds time) noexcept { add(time.count()); }

  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_{0x6A09E667F3BCC908ULL};
};

void add_effect(Digest&, const LoadCheckpoint&) noexcept;
void add_effect(Digest&, const ReadEvents&) noexcept;
void add_effect(Digest&, const SaveCheckpoint&) noexcept;
void add_effect(Digest&, const Sleep&) noexcept;
void add_effect(Digest&, const AcquireLease&) noexcept;
void add_effect(Digest&, const RenewLease&) noexcept;
void add_effect(Digest&, const ReleaseLease&) noexcept;
void add_effect(Digest&, const LoadViews&) noexcept;
void add_effect(Digest&, const Publish&) noexcept;
void add_effect(Digest&, const BeginRebuild&) noexcept;
void add_effect(Digest&, const ActivateGeneration&) noexcept;

void add_effect(Digest&, const ListStreams&) noexcept;
void add_effect(Digest&, const ReadStream&) noexcept;

void add_reply(Digest&, const ListStreams::reply&) noexcept;
void add_reply(Digest&, const ReadStream::reply&) noexcept;
void add_reply(Digest&, const ReadEvents::reply&) noexcept;
void add_reply(Digest&, const LoadCheckpoint::reply&) noexcept;
void add_reply(Digest&, const LoadViews::reply&) noexcept;
inline void add_reply(Digest& digest, Slept slept) noexcept { digest.add(static_cast<std::uint64_t>(slept)); }
/// Whether it went well, and if not, in which way.
template <class Value, class... Errors>
void add_reply(Digest& digest, const tl::expected<Value, std::variant<Errors...>>& reply) noexcept {
  digest.add(static_cast<std::uint64_t>(reply ? 0 : 1 + reply.error().index()));
}
template <class Value>
void add_reply(Digest& digest, const tl::expected<Value, Failure>& reply) noexcept {
  digest.add(static_cast<std::uint64_t>(reply ? 0 : 100 + static_cast<int>(reply.error().kind)));
}

}  // namespace lantern::testing
