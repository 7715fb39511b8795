"""Who gets in: passwords, sign-in, access and refresh tokens, API keys."""
