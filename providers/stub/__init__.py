"""QA's provider, part of the product: plausible answers for every customer, and whatever a script says."""
