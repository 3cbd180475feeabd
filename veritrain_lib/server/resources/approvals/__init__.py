"""REST endpoints under /api/v1/approvals: which stored code, such as a model's, may run."""
