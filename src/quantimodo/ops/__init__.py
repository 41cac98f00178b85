"""What keeps the house running beside the requests: letters, the record of events."""
