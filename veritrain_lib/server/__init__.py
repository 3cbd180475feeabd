"""One server: the REST API, live progress, pages, and MLflow's own UI and API, on one port behind one login.

app          what answers which path
environment  settings of the machine
database/    tables of our own (users, tokens, settings) beside MLflow's, and their migrations
security/    who may ask what
api/         the REST API under /api/v1
settings/    what people change while the server runs, and what obeys it
items/       what the API says of a thing in the record
live/        progress as it happens
pages/       the home page
"""
