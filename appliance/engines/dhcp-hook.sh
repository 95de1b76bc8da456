#!/bin/sh
# Run by dhcpcd at every event of the WAN line (dhcpcd-run-hooks(8)): keeps what the line
# gave us in one JSON file, $sekisho_lease, and touches nothing else on the machine.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022

# The line is not ours: whatever is not a plain list of IPv4 addresses is left out.
addresses() {
    case $1 in
    *[!0-9.\ ]*) ;;
    *) printf '%s' "$1" ;;
    esac
}

as_json() {
    separator=
    for item in $1; do
        printf '%s"%s"' "$separator" "$item"
        separator=,
    done
}

address=
prefix=
gateway=
dns=
case ${reason:?} in
BOUND | RENEW | REBIND | REBOOT | TIMEOUT | INFORM | STATIC)
    address=$(addresses "${new_ip_address:-}")
    prefix=$(addresses "${new_subnet_cidr:-}")
    gateway=$(addresses "${new_routers:-}")
    gateway=${gateway%% *}
    dns=$(addresses "${new_domain_name_servers:-}")
    ;;
EXPIRE | NAK | NOCARRIER | STOP | STOPPED | DEPARTED | FAIL | IPV4LL) ;;
*) exit 0 ;;
esac

# Seconds of CLOCK_BOOTTIME: the wall clock may be wrong until the line is there.
read -r at _ </proc/uptime

lease=${sekisho_lease:?}
printf '{"interface":"%s","reason":"%s","address":"%s","prefix":%s,"gateway":"%s","dns":[%s],"at":%s}\n' \
    "${interface:?}" "$reason" "$address" "${prefix:-null}" "$gateway" "$(as_json "$dns")" "$at" >"$lease.new"
mv -f "$lease.new" "$lease"
