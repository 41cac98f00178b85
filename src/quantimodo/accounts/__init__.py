"""People's accounts: signing up, signing in, recovering, changing, and browser sessions."""
