"""From a query string to a tree of what must match, and the terms it expands to."""
