#include "query.hpp"

#include "open_store.hpp"
#include "output.hpp"

namespace lantern::cli {

Outcome query(const QueryOptions& options) {
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  Output out(1);
  const auto writer = row_writer(options.format, out);
  const auto done = store->query(options.sql, {
                                                  .columns = [&](auto names) { writer->columns(names); },
                                                  .row =
                                                      [&](auto cells) {
                                                        writer->row(cells);
                                                        return out.good();
                                                      },
                                              });
  if (!done) {
    const Failure& why = done.error();
    const bool our_question = why.kind == FailureKind::denied || why.kind == FailureKind::invalid;
    return trouble(our_question ? ExitCode::usage : ExitCode::store, to_string(why));
  }
  writer->end();
  return out.finish();
}

}  // namespace lantern::cli
