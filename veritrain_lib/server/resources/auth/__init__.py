"""Sign-in, accounts and service tokens: /api/v1/auth."""
