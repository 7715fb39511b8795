"""What the desk's own orders and contacts tell of its customers: kept figures, and what is fitted to them."""
