"""Authentication, authorization and request checks of the server.

Open `gatekeeper` first: it is the middleware in front of every route and applies these checks in this order:

hosts             is the Host header a name of this server
origins           may a page of another site send this request
paths             does the path try to leave its folder
body_limits       is the body too large
access_link       without accounts: does the client have the access link
rate_limits       has this client sent too many requests
credentials       who is calling: a bearer token or the session cookie
roles             may this principal do this
request_body      requests whose required role depends on their body (GraphQL)
protected_writes  requests to MLflow that change what the loop and the server base decisions on
artifact_paths    MLflow's artifact proxy: only the folders of experiments

principal         the authenticated caller, for the other packages
users             the accounts
sessions          logins and service tokens; tokens: their format; token_validity: whether they are still valid
login_page        /login and /logout
"""
