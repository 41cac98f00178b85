"""Protected resources, behind one guard. Each asks for one scope and opens what it says."""
