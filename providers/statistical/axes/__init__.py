"""The 13 axes of customer DNA: how far a customer belongs to each segment, or why that cannot be told."""
