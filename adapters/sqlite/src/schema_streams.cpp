#include "schema_streams.hpp"

namespace lantern::detail {

const char* const migration_to_streams = R"sql(
CREATE TABLE lantern_cursors(             -- of runs over streams, in place of a checkpoint's position
  build   INTEGER NOT NULL,
  stream  TEXT    NOT NULL,               -- compared as bytes
  version INTEGER NOT NULL,               -- the last event of the stream that was processed
  PRIMARY KEY(build, stream)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace lantern::detail
