"""What came over HTTP and what goes back, as plain values."""
