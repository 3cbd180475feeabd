"""Login, roles and the checks that decide whether a request is let in.

Open `gatekeeper` first: it is the middleware in front of every route and applies these checks in this order:

hosts             Is the Host header a name of this server?
origins           May a page of another web site send this request?
paths             Does the path try to leave its folder (`..`)?
body_limits       Is the body too large?
access_link       On a server without accounts: does the request carry the secret token of its link?
rate_limits       Has this client sent too many requests?
credentials       Which user or service does the bearer token or session cookie belong to?
roles             Does this user's role (viewer, editor, admin) suffice?
artifact_paths    Does a request for MLflow artifacts stay inside an experiment's folder?
request_body      Does a GraphQL request write something, and so need a higher role?
protected_writes  Would a request to MLflow change data on which promotion decisions are based?

The other modules:

refusal           the exception by which a check rejects a request, and its response
users, passwords  accounts and their password hashes
sessions          logins and service tokens: create, renew, end
tokens            signed tokens (JWT); token_validity: whether a token was revoked
session_cookie    the cookie that keeps a browser logged in
login_page        the pages /login and /logout
guarded_socket    closes a WebSocket when its login ends
path_policy       model addresses from clients must stay inside the project's folder
"""
