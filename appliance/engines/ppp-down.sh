#!/bin/sh
# Run by pppd when the session has lost its address (pppd(8), "ip-down-script").
set -eu
# shellcheck source=appliance/engines/lease.sh
. "${0%/*}/lease.sh"
write_lease "$6" "$1" DOWN
