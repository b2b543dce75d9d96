"""A directory of segments that changes: log, commits, lock, merges and snapshots."""
