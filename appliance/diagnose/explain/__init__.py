"""Why a packet of a terminal passes, or does not."""
