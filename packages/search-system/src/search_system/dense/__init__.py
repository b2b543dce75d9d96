"""Search by meaning: models that turn texts into vectors, and search among vectors."""
