"""The composition root: settings, construction, routes. The only package that imports all
others."""
