"""The server: REST API, live progress, web pages, and MLflow's own UI and API, on one port behind one login.

app            the ASGI application with all its routes; open it first
rest_api       the REST API under /api/v1 as one FastAPI application
resources/     the endpoints of the REST API, one folder for each noun (models, datasets, experiments, ...)
http/          code that all resources share: error responses, pages of lists, JSON field names
auth/          login, roles, and the checks that every request passes
live/          live progress of runs over WebSocket and Socket.IO
web/           the HTML pages: /home and the files of runs
settings/      settings that an admin or a user can change while the server runs, stored in the database
environment    settings that are fixed when the server starts, from environment variables and `.env`
tasks          finds a task (the YAML file that says what a model is asked) by its name
jobs/          starts long work, such as training, as background processes; `run_job` is the program of such a process
database/      our own tables (users, tokens, settings) beside MLflow's, and their migrations
observability/ logs and Prometheus metrics
supervise      starts the server's processes and stops them together
"""
