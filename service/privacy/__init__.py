"""All that is held of one person: shown, and erased."""
