// From stored bytes to a state, wherever views are read.
#pragma once

#include <exception>

#include <tl/expected.hpp>

#include "lantern/keyed.hpp"

namespace lantern {
namespace detail {

/// The view is of a newer schema than the program knows.
[[nodiscard]] Failure newer_view(std::int32_t stored, std::int32_t known);

/// The same as `decode_view`, with a codec that is there already.
template <class P>
[[nodiscard]] tl::expected<typename P::State, Failure> decode_view_with(P& projector, typename P::view_codec& codec,
                                                                        const StoredView& stored) {
  constexpr std::int32_t known = state_version_of<P>();
  try {
    if (stored.schema_version > known) return tl::unexpected(newer_view(stored.schema_version, known));
    if constexpr (Upcasts<P>) {
      if (stored.schema_version < known) return projector.upcast_view(stored.schema_version, *stored.state);
    }
    return codec.decode_state(*stored.state);
  } catch (...) {
    return tl::unexpected(failure_of(std::current_exception()));
  }
}

}  // namespace detail

/// The state of a view that has one (is not erased): by the projector's `view_codec`, or by its `upcast_view` where the
/// view is of an older schema. Throws nothing. A view of a newer schema is FailureKind::incompatible.
template <KeyedProjector P>
[[nodiscard]] tl::expected<typename P::State, Failure> decode_view(P& projector, const StoredView& stored) {
  typename P::view_codec codec{};
  return detail::decode_view_with(projector, codec, stored);
}

}  // namespace lantern
