"""A shop's worth of made-up customers, orders and conversations, the same for the same seed.

Rows are made from their number and the seed alone, with times as distances before a given moment, so that
a second run adds nothing and a larger one only adds.
"""

SEED = 1
