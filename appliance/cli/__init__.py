"""`sekisho …`: a client of the local API, and the data center's desk."""
