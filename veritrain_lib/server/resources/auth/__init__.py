"""REST endpoints under /api/v1/auth: sign-in, user accounts and service tokens."""
