"""Calendars and policies of service levels on the wire."""
