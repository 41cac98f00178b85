"""What a person sees in a browser: sign-in, consent, account, developer portal."""
