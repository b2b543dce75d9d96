"""One HTML page that shows an evaluation to whoever decides."""
