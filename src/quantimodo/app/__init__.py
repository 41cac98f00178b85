"""The composition root: settings, wiring, routes. The only room that sees the house whole."""
