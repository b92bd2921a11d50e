// Which streams a run is over.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace lantern {

/// Streams by name, or all those whose names begin with some bytes, as they come to be. Names are data: compared as
/// bytes, without wildcards or case folding. `process/t1/` is not a prefix of `process/t10/x`, but `process/t1` is. A
/// value.
class StreamSelection {
 public:
  /// This one stream.
  [[nodiscard]] static StreamSelection one(std::string stream);
  /// These streams; one that is named twice counts once.
  [[nodiscard]] static StreamSelection list(std::vector<std::string> streams);
  /// All streams whose names begin with these bytes; those, too, that begin later. Empty: all streams.
  [[nodiscard]] static StreamSelection with_prefix(std::string prefix);
  /// All streams of a category, which stands before a `-` of the name: `order` has `order-17` and `order-line-3`, the
  /// latter being in category `order-line`, too.
  [[nodiscard]] static StreamSelection category(std::string_view name);
  /// All streams.
  [[nodiscard]] static StreamSelection all() { return with_prefix({}); }

  [[nodiscard]] bool contains(std::string_view stream) const noexcept;
  /// What the names of all of its streams begin with, for a store to look there only.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  /// Named one by one, sorted, each once; empty: by prefix.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  /// Whether it is by names, of which there may be none.
  [[nodiscard]] bool is_named() const noexcept { return named_; }

  friend bool operator==(const StreamSelection&, const StreamSelection&) = default;

 private:
  std::string prefix_{};
  std::vector<std::string> names_{};
  bool named_{};
};

std::ostream& operator<<(std::ostream&, const StreamSelection&);

}  // namespace lantern
