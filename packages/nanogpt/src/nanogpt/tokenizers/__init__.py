"""From text to token ids and back, behind one interface."""
