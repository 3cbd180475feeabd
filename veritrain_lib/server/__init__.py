"""The server: REST API, live progress, web pages, and MLflow's own UI and API, on one port behind one login.

app            the ASGI application and its routes
rest_api       the REST API as one application, made of its resources
resources/     the REST API, one folder a resource
http/          what the resources share: errors, pages of lists, schemas
auth/          authentication, roles and request checks
live/          live progress over WebSocket and Socket.IO
web/           the home page
settings/      settings that people change while the server runs
tasks          tasks by name
jobs/          work that runs in processes of its own; run_job is such a process
database/      our own tables (users, tokens, settings) beside MLflow's, and their migrations
observability/ logs and metrics
environment    settings of the machine
supervise      starts and stops the server's processes
"""
