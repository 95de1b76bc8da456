"""The shells of the checks: what is asked, and the processes that ask."""
