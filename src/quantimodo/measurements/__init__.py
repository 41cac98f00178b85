"""The measurements of people: units, filters, groups, files, reading and writing. No HTTP."""
