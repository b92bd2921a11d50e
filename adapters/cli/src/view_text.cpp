#include "view_text.hpp"

#include "json_text.hpp"
#include "text.hpp"

namespace lantern::cli {

std::string ViewText::json(const StoredView& view, Generation generation, std::string_view what) {
  JsonObject object;
  if (!what.empty()) object.field("change", what);
  object.field("key", view.key).field("generation", generation.value);
  if (view.edition != Revision{}) object.field("edition", view.edition.value);
  object.field("version", view.version)
      .field("position", view.position ? std::optional(view.position->value) : std::nullopt);
  if (!view.updated_at.empty()) object.field("updated_at", view.updated_at);
  if (!view.state) return object.text();
  if (!parser_.is_json(*view.state)) return object.field("state_hex", hex(*view.state)).text();
  std::string state;
  append_json_on_one_line(state, *view.state);
  return object.raw("state", state).text();
}

std::string ViewText::shown(const StoredView& view) {
  if (!view.state) return "-";
  return parser_.is_json(*view.state) ? one_line(*view.state) : "x'" + hex(*view.state) + "'";
}

}  // namespace lantern::cli
