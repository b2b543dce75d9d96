"""The stages of a run: from raw files to a ledger, lists for every customer and a report."""
