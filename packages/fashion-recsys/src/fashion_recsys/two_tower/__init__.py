"""A two-tower retrieval model: vectors of customers and articles whose product is a score."""
