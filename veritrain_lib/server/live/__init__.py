"""Live progress of runs over WebSocket and Socket.IO.

stream         WS /api/v1/experiments/{id}/stream
sockets        Socket.IO under /socket.io/
event_tails    shared readers of the runs' event files
subscriptions  which client follows which run
"""
