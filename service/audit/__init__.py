"""Who did what, and from where: read by page, and as a file."""
