// The store's door for views.
#include "lantern/refuse_views.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sqlite_parts.hpp"

namespace lantern {

using detail::ReadConnection;
using detail::ViewReader;

static_assert(ViewStore<SqliteStore>);

LoadViews::reply SqliteStore::perform(const LoadViews& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) {
    return connection.views([&](ViewReader& views) { return views.load(asked); });
  });
}

GetView::reply SqliteStore::perform(const GetView& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) {
    return connection.views([&](ViewReader& views) { return views.get(asked); });
  });
}

ScanViews::reply SqliteStore::perform(const ScanViews& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) {
    return connection.views([&](ViewReader& views) { return views.scan(asked); });
  });
}

ReplaceView::reply SqliteStore::perform(const ReplaceView& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(ReplaceView::reply::error_type(*std::move(refused)));
  return parts_->write([&](detail::Writer& writer) { return writer.replacer.replace(asked, parts_->clock()); });
}

}  // namespace lantern
