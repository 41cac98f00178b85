"""Protocol endpoints. They own HTTP and the order of the steps; the rules are in the packages
below."""
