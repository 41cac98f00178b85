"""Pages of the interactive flow: consent, devices, and the form that posts a response."""
