"""REST endpoints under /api/v1/evaluations: results of trained models, from the improvement loop or from clients."""
