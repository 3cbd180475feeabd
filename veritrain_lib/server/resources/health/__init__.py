"""REST endpoints under /api/v1/health: liveness and readiness of the server, for load balancers."""
