#include "schema_logs.hpp"

namespace lantern::detail {

const char* const migration_to_logs = R"sql(
CREATE TABLE lantern_log(
  identity INTEGER NOT NULL               -- drawn when the file was made: a log that is made anew is another one
) STRICT;
INSERT INTO lantern_log(identity) VALUES(random());
ALTER TABLE lantern_projections ADD COLUMN log INTEGER;  -- that the position, or the cursors, are places in
ALTER TABLE lantern_generations ADD COLUMN log INTEGER;
)sql";

}  // namespace lantern::detail
