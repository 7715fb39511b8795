"""What leaves the desk: each delivery is tried until it arrives, at least once, in order."""
