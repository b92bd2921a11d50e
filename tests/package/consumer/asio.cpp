// The Asio driver, to the end of an empty log.
#include <lantern/asio/on_pool.hpp>
#include <lantern/asio/run_projection.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>

#include "empty_store.hpp"

int main() {
  EmptyStore empty;
  lantern::Unguarded store(empty);
  Counting counting;
  std::optional<lantern::Finished> ending;
  boost::asio::thread_pool pool(1);
  boost::asio::io_context context;
  lantern::run_projection(counting, lantern::on_pool(store, pool.get_executor()), lantern::ProjectionConfig(),
                          boost::asio::bind_executor(context, [&](lantern::Finished how) { ending = how; }));
  context.run();
  pool.join();
  return ending && *ending ? 0 : 1;
}
