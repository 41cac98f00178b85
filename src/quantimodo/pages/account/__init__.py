"""Pages of a signed-in person's account: security, applications, activity, receipts."""
