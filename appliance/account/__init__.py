"""The connection account: format, signature, sealing, issuing, import."""
