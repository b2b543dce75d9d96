"""A search engine from raw documents to a ranked, measured result list."""
