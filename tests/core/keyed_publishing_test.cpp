// Frames go out after the commit that made them, before anything else, and never without it.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "lantern/observer.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;
using namespace lantern::story;
using namespace std::chrono_literals;

namespace {

/// Performs until the run asks for `E`.
template <Effect E>
Request<E> until(Step& step, ViewModel& store) {
  while (!step.asks<E>()) {
    REQUIRE(!step.finished());
    step = std::move(step).visit([&]<Effect Other>(Request<Other> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      return std::move(request).answer(std::move(reply), Instant{});
    });
  }
  return std::move(*step.asks<E>());
}

template <Effect E>
Step perform(Request<E> request, ViewModel& store) {
  auto reply = store.perform(request.effect());
  return std::move(request).answer(std::move(reply), Instant{});
}

SaveCheckpoint::reply no(SaveError why) { return tl::unexpected(std::move(why)); }

}  // namespace

TEST_CASE("frames are published after the commit, before the next page is read") {
  ViewModel store = store_of({"a", "b"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady().page_limit(1)).start({});
  step = perform(until<SaveCheckpoint>(step, store), store);
  auto publish = expect<Publish>(step);
  REQUIRE(publish.effect().frames.size() == 1);
  CHECK(publish.effect().projection == ProjectionId("p"));
  CHECK(publish.effect().frames[0] == Frame{"a", Moment{Generation{1}, {}, 1}, Position{1}, Frame::Kind::delta, "1"});
  step = perform(std::move(publish), store);
  check_pending(step, lantern::story::read(1, 1));
}

TEST_CASE("T33: a failing publish is told, keeps what is stored, and the next event goes on") {
  for (const Failure& why : {busy, broken}) {
    ViewModel store = store_of({"a", "a"});
    Chain chain;
    std::vector<std::string> seen;
    Observer observer([&](const ProjectionId&, const Happening& what) {
      if (const auto* failed = std::get_if<happening::PublishFailed>(&what)) {
        seen.push_back(failed->cause.what + " " + std::to_string(failed->frames));
      }
    });
    Step step = ProjectionPipeline(chain, steady().page_limit(1).tell(observer)).start({});
    auto publish = until<Publish>(step, store);
    step = std::move(publish).answer(tl::unexpected(why), {});
    CHECK(seen == std::vector<std::string>{why.what + " 1"});
    REQUIRE(drive(std::move(step), store));
    CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
    REQUIRE(store.published.size() == 1);
    CHECK(store.published[0].moment.version == 2);
  }
}

TEST_CASE("frames of a commit whose outcome was unknown are published once it is known to be stored") {
  ViewModel store = store_of({"a"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady()).start({});
  auto save = until<SaveCheckpoint>(step, store);
  REQUIRE(store.perform(save.effect()));
  step = std::move(save).answer(no(OutcomeUnknown{busy}), {});
  auto load = expect<LoadCheckpoint>(step);
  CHECK(load.effect().purpose == LoadCheckpoint::Purpose::resolve);
  CHECK(load.effect().generation == Generation{1});
  step = perform(std::move(load), store);
  CHECK(expect<Publish>(step).effect().frames.size() == 1);
}

TEST_CASE("frames of a commit that was not stored go out with the one that is, once") {
  ViewModel store = store_of({"a"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady()).start({});
  step = until<SaveCheckpoint>(step, store).answer(no(OutcomeUnknown{busy}), {});
  REQUIRE(drive(std::move(step), store));
  CHECK(store.published.size() == 1);
}

TEST_CASE("nothing is published after leadership was lost, nor of a batch that was abandoned") {
  for (const SaveError& why :
       {SaveError(LostLeadership{"other"}), SaveError(CheckpointMoved{Position{9}}), SaveError(broken)}) {
    ViewModel store = store_of({"a"});
    Chain chain;
    Step step = ProjectionPipeline(chain, steady()).start({});
    step = until<SaveCheckpoint>(step, store).answer(no(why), {});
    CHECK(!error(step).what.empty());
  }
}

TEST_CASE("a stop that comes with the commit lets its frames out first") {
  for (const Stop how : {Stop::at_checkpoint, Stop::now}) {
    ViewModel store = store_of({"a", "b"});
    Chain chain;
    Step step = ProjectionPipeline(chain, steady().page_limit(1)).start({});
    auto save = until<SaveCheckpoint>(step, store);
    save.ask_to_stop(how);
    step = perform(std::move(save), store);
    step = perform(expect<Publish>(step), store);
    CHECK(success(step).ending == Ending::stopped);
    CHECK(success(step).position == Position{1});
  }
}

TEST_CASE("views that were replaced meanwhile are loaded again, and the batch is begun anew, without an error") {
  ViewModel store = store_of({"a", "a b", "a"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady().page_limit(2)).start({});
  step = perform(until<SaveCheckpoint>(step, store), store);
  step = perform(expect<Publish>(step), store);
  auto save = until<SaveCheckpoint>(step, store);
  store.replace("a", "5", 9);
  step = perform(std::move(save), store);
  check_pending(step, LoadCheckpoint{ProjectionId("p")});
  REQUIRE(drive(std::move(step), store));
  CHECK(store.live().views.at("a").state == std::to_string(link(5 + 1, 3)));
  CHECK(store.live().views.at("a").version == 10);
  REQUIRE(store.published.size() == 4);
  CHECK(store.published[3].moment == Moment{Generation{1}, Revision{1}, 10});
}

TEST_CASE("a view that was reset begins anew with version 1 of a new edition") {
  ViewModel store = store_of({"a", "a"});
  const auto log = store.log;
  store.log.resize(1);
  Chain first, second;
  REQUIRE(run(first, store));
  store.replace("a", std::nullopt, 0);
  store.log = log;
  REQUIRE(run(second, store));
  CHECK(store.live().views.at("a").state == std::to_string(link(1, 2)));
  CHECK(store.published.back().moment == Moment{Generation{1}, Revision{1}, 1});
}

TEST_CASE("a store that says of views that nobody replaced that they are is not believed for ever") {
  ViewModel store = store_of({"a"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady()).start({});
  step = until<SaveCheckpoint>(step, store).answer(no(ViewsReplaced{Revision{0}}), {});
  CHECK(error(step).kind == ErrorKind::store_contract);
}

TEST_CASE("views that were not asked for are a breach of contract") {
  for (const bool twice : {false, true}) {
    ViewModel store = store_of({"a"});
    Chain chain;
    Step step = ProjectionPipeline(chain, steady()).start({});
    LoadedViews views;
    if (twice) views.views = {StoredView{.key = "a", .version = 1}, StoredView{.key = "a", .version = 1}};
    else views.parked = {"b"};
    step = until<LoadViews>(step, store).answer(views, {});
    CHECK(error(step).kind == ErrorKind::store_contract);
  }
}

TEST_CASE("views that cannot be loaded for now are asked for again, for good end the run after what is applied") {
  ViewModel store = store_of({"a", "b"});
  Chain chain;
  ProjectionConfig config = steady().page_limit(1);
  config.commit.max_events = EventCount(2);
  Step step = ProjectionPipeline(chain, config).start({});
  step = perform(until<LoadViews>(step, store), store);
  auto second = until<LoadViews>(step, store);
  CHECK(second.effect().keys == std::vector<std::string>{"b"});
  step = std::move(second).answer(tl::unexpected(busy), {});
  step = expect<Sleep>(step, lantern::story::sleep(5ms, Sleep::Reason::store_retry, 1)).answer(Slept::through, {});
  step = expect<LoadViews>(step).answer(tl::unexpected(broken), {});
  auto save = expect<SaveCheckpoint>(step);
  CHECK(save.effect().through == Position{1});
  step = perform(std::move(save), store);
  step = perform(expect<Publish>(step), store);
  CHECK(error(step).kind == ErrorKind::views_load_failed);
  CHECK(error(step).progress.position == Position{1});
}

TEST_CASE("a store without views is told of at once") {
  struct Plain {
    ViewModel& inner;
    LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return inner.perform(e); }
    ReadEvents::reply perform(const ReadEvents& e) { return inner.perform(e); }
    SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return inner.perform(e); }
    Slept perform(const Sleep& e) { return inner.perform(e); }
    AcquireLease::reply perform(const AcquireLease& e) { return inner.perform(e); }
    RenewLease::reply perform(const RenewLease& e) { return inner.perform(e); }
    ReleaseLease::reply perform(const ReleaseLease& e) { return inner.perform(e); }
  };
  ViewModel store = store_of({"a"});
  Plain plain{store};
  Chain chain;
  const Finished end = run(chain, plain);
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::views_load_failed);
  CHECK(end.error().cause->kind == FailureKind::unsupported);
}
