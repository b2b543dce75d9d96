"""Everything that numba compiles. Importing any module of it imports numba: over a second."""
