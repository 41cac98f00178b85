"""Sign-in providers: what each says about a person, checked to the last claim."""
