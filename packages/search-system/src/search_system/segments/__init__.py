"""One immutable part of an index on disk: its format, its writer, its reader and merging."""
