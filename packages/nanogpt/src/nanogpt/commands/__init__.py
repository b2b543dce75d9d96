"""The subcommands: one configuration and one function each."""
