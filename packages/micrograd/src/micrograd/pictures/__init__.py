"""Pictures: the graph of a computation, and of what a network learned."""
