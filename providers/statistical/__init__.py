"""Customer intelligence computed from the desk's own orders and contacts, on this machine."""
