"""Generate a shop with the schema and the shape of H&M's data, and no row of it."""
