"""One file for each kind of provider."""
