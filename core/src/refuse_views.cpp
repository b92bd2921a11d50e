#include "lantern/refuse_views.hpp"

#include "lantern/names.hpp"

namespace lantern {
namespace {

Failure invalid(std::string what, std::string advice) {
  return Failure(FailureKind::invalid, std::move(what), std::move(advice));
}

}  // namespace

std::optional<Failure> refuse_view_key(std::string_view key) {
  if (key.size() > longest_view_key) {
    return invalid("a view's key has " + std::to_string(key.size()) + " bytes",
                   "use one of at most " + std::to_string(longest_view_key) + " bytes");
  }
  if (key.find('\0') != key.npos) return invalid("a view's key contains a NUL", "use a key without one");
  if (!is_utf8(key)) return invalid("a view's key is not UTF-8", "use text for keys, hex for one");
  return std::nullopt;
}

std::optional<Failure> refuse(const LoadViews& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  for (const std::string& key : asked.keys) {
    if (auto refused = refuse_view_key(key)) return refused;
  }
  return std::nullopt;
}

std::optional<Failure> refuse(const GetView& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  return refuse_view_key(asked.key);
}

// A prefix may end within a character, so it need not be UTF-8; nor need `after`, which is only compared with.
std::optional<Failure> refuse(const ScanViews& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  if (asked.limit == 0) return invalid("a page of 0 views was asked for", "ask for 1 or more");
  for (const std::string_view bound :
       {std::string_view(asked.prefix), asked.after ? std::string_view(*asked.after) : ""}) {
    if (bound.size() > longest_view_key || bound.find('\0') != bound.npos) {
      return invalid("views are to be scanned from a key that there cannot be (of " + std::to_string(bound.size()) +
                         " bytes, or with a NUL)",
                     "keys have at most " + std::to_string(longest_view_key) + " bytes, and no NUL");
    }
  }
  return std::nullopt;
}

std::optional<Failure> refuse(const ReplaceView& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  if (auto refused = refuse_view_key(asked.key)) return refused;
  if (asked.schema_version < 1) {
    return invalid("a view's schema version is " + std::to_string(asked.schema_version), "use a number from 1 up");
  }
  if (asked.state ? asked.version >= 1 : asked.version == 0) return std::nullopt;
  return invalid("a view " + std::string(asked.state ? "with" : "without") + " a state has version " +
                     std::to_string(asked.version),
                 "give the number of changes that made its state; 0 without one");
}

std::optional<Failure> refuse(const BeginRebuild& asked) { return refuse(asked.projection); }
std::optional<Failure> refuse(const ActivateGeneration& asked) { return refuse(asked.projection); }
std::optional<Failure> refuse(const ListGenerations& asked) { return refuse(asked.projection); }
std::optional<Failure> refuse(const RollBack& asked) { return refuse(asked.projection); }
std::optional<Failure> refuse(const FinalizeRebuild& asked) { return refuse(asked.projection); }
std::optional<Failure> refuse(const CancelRebuild& asked) { return refuse(asked.projection); }

}  // namespace lantern
