"""REST endpoints under /api/v1/models. A model of the API is a version of an MLflow registered model."""
