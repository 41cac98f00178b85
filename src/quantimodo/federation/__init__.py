"""Sign-in through upstream providers, with verified claims."""
