"""Turn text into index terms."""
