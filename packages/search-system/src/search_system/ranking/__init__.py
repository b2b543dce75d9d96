"""Score documents for a query and select the best."""
