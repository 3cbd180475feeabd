"""Resources of the REST API under /api/v1, one folder for each noun, such as `datasets`.

No resource imports another, except that `models` imports `evaluations`. Each folder has files of the same names:

routes      the endpoints
schemas     pydantic models of requests and responses
requests    pydantic models of requests, where there are many
serialize   conversion of MLflow runs and model versions to responses
record      lookup of a resource by id, and the names of its tags in MLflow
"""
