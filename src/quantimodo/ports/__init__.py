"""What the house asks of the world, as Protocols. No implementation lives here."""
