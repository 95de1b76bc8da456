"""Pure: account + site → RouterIntent, all that this router should be."""
