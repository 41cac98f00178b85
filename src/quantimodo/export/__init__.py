"""A person's export: everything of the account in one ZIP file, in documented formats."""
