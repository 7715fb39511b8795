"""What agents see, on the wire."""
