"""The feed of events for clients: pages, waiting for what is next, and streams."""
