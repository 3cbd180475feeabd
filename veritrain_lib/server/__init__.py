"""The server: REST API, live progress, web pages, and MLflow's own UI and API, on one port behind one login.

app              the ASGI application and its routes
environment      settings of the machine
auth/            authentication, roles and request checks
api/             the REST API under /api/v1
serializers/     API representations of runs, datasets and models
settings/        settings that people change while the server runs
upload/          reading and checking uploaded files
live/            live progress over WebSocket and Socket.IO
web/             the home page
database/        our own tables (users, tokens, settings) beside MLflow's, and their migrations
observability/   logs and metrics
background_jobs  work that runs in processes of its own
supervise        starts and stops the server's processes
"""
