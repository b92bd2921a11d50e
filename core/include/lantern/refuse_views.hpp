// What is wrong with a request about views or generations, before anybody looks at the store; see refuse.hpp.
#pragma once

#include "lantern/generation_effects.hpp"
#include "lantern/refuse.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// Why this cannot be the key of a view: longer than `longest_view_key`, not UTF-8, or with a NUL. It may be empty.
[[nodiscard]] std::optional<Failure> refuse_view_key(std::string_view key);

[[nodiscard]] std::optional<Failure> refuse(const LoadViews&);
[[nodiscard]] std::optional<Failure> refuse(const GetView&);
[[nodiscard]] std::optional<Failure> refuse(const ScanViews&);
[[nodiscard]] std::optional<Failure> refuse(const ReplaceView&);
[[nodiscard]] std::optional<Failure> refuse(const BeginRebuild&);
[[nodiscard]] std::optional<Failure> refuse(const ActivateGeneration&);
[[nodiscard]] std::optional<Failure> refuse(const ListGenerations&);
[[nodiscard]] std::optional<Failure> refuse(const RollBack&);
[[nodiscard]] std::optional<Failure> refuse(const FinalizeRebuild&);
[[nodiscard]] std::optional<Failure> refuse(const CancelRebuild&);

}  // namespace lantern
