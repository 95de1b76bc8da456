"""The audit record: who did what on this router, when, and how it ended. Entries are only ever added."""
