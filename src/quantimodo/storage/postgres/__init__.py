"""The PostgreSQL engine: connections, batches, searches, migrations, snapshots."""
