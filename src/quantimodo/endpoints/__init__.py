"""Protocol endpoints: they know HTTP and the order of the steps, and no grant's rule."""
