// expect: a whole number from 1 to 1000000|not a constant expression
#include "lantern/config.hpp"
lantern::ProjectionConfig config() { return lantern::ProjectionConfig().page_limit(0); }
