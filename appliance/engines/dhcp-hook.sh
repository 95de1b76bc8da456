#!/bin/sh
# Run by dhcpcd at every event of the WAN line (dhcpcd-run-hooks(8)).
set -eu
# shellcheck source=appliance/engines/lease.sh
. "${0%/*}/lease.sh"

case ${reason:?} in
BOUND | RENEW | REBIND | REBOOT | TIMEOUT | INFORM | STATIC)
    write_lease "${sekisho_lease:?}" "${interface:?}" "$reason" "${new_ip_address:-}" "${new_subnet_cidr:-}" \
        "${new_routers:-}" "${new_domain_name_servers:-}"
    ;;
EXPIRE | NAK | NOCARRIER | STOP | STOPPED | DEPARTED | FAIL | IPV4LL)
    write_lease "${sekisho_lease:?}" "${interface:?}" "$reason"
    ;;
esac
