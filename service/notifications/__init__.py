"""Who hears of what, and how: rules, channels, webhooks."""
