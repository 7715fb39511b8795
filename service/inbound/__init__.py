"""Webhooks that come in: other systems bring tickets and messages, signed."""
