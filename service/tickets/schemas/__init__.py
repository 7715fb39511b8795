"""Tickets, messages, notes and custom fields on the wire."""
