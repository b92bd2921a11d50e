// lantern-sim: lantern's own scenario.
#include "lantern/testing/simulation_main.hpp"

int main(int argc, char** argv) {
  return lantern::testing::simulation_main(argc, argv, lantern::testing::chain_scenario());
}
