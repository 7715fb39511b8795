"""Agents and teams on the wire."""
