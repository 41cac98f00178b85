"""The commands. Each does one thing through the house's own services, and says it plainly."""
