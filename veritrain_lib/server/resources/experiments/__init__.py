"""REST endpoints under /api/v1/experiments. An experiment of the API is a round: one pass through the pipeline stages."""
