"""REST endpoints under /api/v1/settings: settings of the server and preferences of its users."""
