"""The barrier's rules, one file per side that a packet comes from or goes to. docs/firewall.md has the map."""
