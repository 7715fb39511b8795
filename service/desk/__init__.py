"""What an agent sees, composed of what the domains know."""
