"""What was promised to each ticket: how it stands, when it is due, who is told, and what became of it."""
