"""Languages: catalogues, which one a response has, and dates and numbers in it."""
