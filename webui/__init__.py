"""The status page: a client of the local API without privileges of its own."""
