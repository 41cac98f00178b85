"""From a decision to signed, committed tokens; and from a presented token to what it stands for."""
