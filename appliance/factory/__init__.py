"""What a machine gets once, before it is sent out: a serial number, a first password, a label that says both."""
