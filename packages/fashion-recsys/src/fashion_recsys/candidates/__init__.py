"""Candidate sources: cheap rules and models that propose a few hundred articles per customer."""
