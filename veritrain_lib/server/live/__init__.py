"""Live progress of runs over WebSocket and Socket.IO.

stream            WebSocket /api/v1/experiments/{id}/stream: all events of one experiment
sockets           Socket.IO under /socket.io/: events of many runs over one connection
admission         login check of Socket.IO connections
subscriptions     which Socket.IO client gets the events of which run
payloads          the messages that clients get for an event
event_tails       the newest events of the runs that clients follow
run_liveness      closes a run whose process has died
relay             forwards a Socket.IO request to the server process that has its session
worker_addresses  Unix sockets over which these processes reach each other
"""
