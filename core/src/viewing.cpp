// Views come in, and changes go out.
#include "batch.hpp"
#include "replies.hpp"
#include "trouble.hpp"

namespace lantern::detail {

Step handle(RunPtr run, const LoadViews&, LoadViews::reply&& found) {
  Run& r = *run;
  if (!found) {
    retry_load(r, found.error());
  } else if (auto wrong = r.keyed->load(*std::move(found))) {
    fail(r, ErrorKind::store_contract, "the store broke its contract: " + *std::move(wrong));
  } else {
    r.store_failures = 0;
  }
  return proceed(std::move(run));
}

// Never asked for again: who follows the views heals by reading them.
Step handle(RunPtr run, const Publish& asked, Publish::reply&& published) {
  if (!published) {
    tell(*run, [&] { return happening::PublishFailed{published.error(), asked.frames.size()}; });
  }
  return proceed(std::move(run));
}

}  // namespace lantern::detail
