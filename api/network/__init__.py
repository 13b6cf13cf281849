"""Sockets, connections, their limits, and the processes that serve them."""
