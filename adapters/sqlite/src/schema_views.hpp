// The second version of the schema: views, generations, and leases and quarantine that know of them.
#pragma once

namespace lantern::detail {

/// Leads from version 1 to 2. What is stored stays: each projection's checkpoint becomes that of its active generation.
/// lantern_projections holds the active generation, lantern_generations the others: a switch is one change of one row,
/// and there cannot be two of a kind. A build is what a generation owns views under: generations are renumbered by a
/// rollback, builds never are, and a build that was dropped is nobody's any more, though its rows go little by little.
extern const char* const migration_to_views;

}  // namespace lantern::detail
