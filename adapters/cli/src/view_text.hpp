// How a view looks on standard output.
#pragma once

#include <string>

#include "lantern/view.hpp"
#include "ndjson_line.hpp"

namespace lantern::cli {

/// Views as JSON objects, one a line. A state that is JSON is shown as it is, any other as a text in hex.
class ViewText {
 public:
  /// `what` is what happened to the view, as a field of its own; empty: nothing did.
  [[nodiscard]] std::string json(const StoredView& view, Generation generation, std::string_view what = {});
  /// The state for people: on one line.
  [[nodiscard]] std::string shown(const StoredView& view);

 private:
  NdjsonParser parser_{};
};

}  // namespace lantern::cli
