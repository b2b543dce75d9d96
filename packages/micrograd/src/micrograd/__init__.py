"""A scalar autograd engine and neural-network library that a person reads in an evening."""
