"""Honest generic messages for when nobody knows better: words, never a number or a fact."""
