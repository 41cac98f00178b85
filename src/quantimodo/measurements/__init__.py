"""What people measure: rules of units, filters and pages; reading, writing, who looked. No HTTP."""
