#!/bin/sh
# Run by pppd when the session has an address (pppd(8), "ip-up-script"): interface, tty, speed, own address,
# the peer's, ipparam; the servers' addresses are in the environment.
set -eu
# shellcheck source=appliance/engines/lease.sh
. "${0%/*}/lease.sh"
write_lease "$6" "$1" UP "$4" 32 "$5" "${DNS1:-} ${DNS2:-}"
