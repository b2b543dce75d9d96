"""Point-in-time features of (customer, article) candidates, one module per concept."""
