#include <catch2/catch.hpp>

#include "every_contract.hpp"
#include "memory_world.hpp"

using namespace lantern;

TEST_CASE("the memory store keeps every contract") { check_every_contract<MemoryWorld>(); }
