"""REST endpoints under /api/v1/datasets: upload, generation, quality gate, review and versions of training rows."""
