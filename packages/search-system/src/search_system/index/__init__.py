"""The on-disk index: writer, format and reader."""
