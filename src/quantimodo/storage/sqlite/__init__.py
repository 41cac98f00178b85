"""The SQLite engine: connections, the writer, searches, migrations, snapshots."""
