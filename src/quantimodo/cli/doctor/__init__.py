"""`quantimodo doctor`: its checks of this machine, and its probes of a running server."""
