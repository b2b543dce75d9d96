"""Read documents, queries and judgments from files."""
