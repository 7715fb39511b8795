"""Customers and orders on the wire."""
