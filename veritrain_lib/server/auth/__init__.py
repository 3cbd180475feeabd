"""Who may ask what.

gatekeeper   stands in front of everything and asks these, in this order:
hosts        is the server called by a name of its own
origins      does a page of another site send this
paths        does the path try to leave its folder
sizes        is the body too large
link         without accounts: does the caller have the link
rates        has this caller asked too often
credentials  who is calling: a bearer token or the session cookie
roles        may that caller do this
bodies       requests that show only in their body what they want
decides      requests to MLflow that change what loop and server decide by
kept_files   files of MLflow's artifact proxy: those of experiments

caller       the answer to "who is calling", for the other rooms
users        the accounts; sessions: what is given out to them; tokens: its form; standing: whether it still holds
login_page   /login and /logout
"""
