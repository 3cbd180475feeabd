"""Resources of the REST API under /api/v1, one folder a noun; none imports another, but `models` reads `evaluations`.

routes      what each operation does
schemas     fields of requests and responses (`requests` has those of requests where there are many)
serialize   turns runs and model versions of the record into responses
record      tags in the record, and lookup by id
"""
