"""Progress as it happens.

stream    WS /api/v1/experiments/{id}/stream
sockets   Socket.IO under /socket.io/
"""
