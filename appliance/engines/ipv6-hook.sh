#!/bin/sh
# Run by dhcpcd at every event of a line that speaks IPv6 (dhcpcd-run-hooks(8)): keeps what the line's routers
# advertise and what its DHCPv6 server gave in one JSON file each, $sekisho_line being how their names begin, and
# touches nothing else.
set -eu
# shellcheck source=appliance/engines/lease.sh
. "${0%/*}/lease.sh"

# The line is not ours: whatever is no plain list of addresses and numbers is left out.
plain() {
    case $1 in
    *[!0-9a-zA-Z:.%/_\ -]*) ;;
    *) printf '%s' "$1" ;;
    esac
}

given() {
    eval "value=\${$1:-}"
    plain "$value"
}

number() {
    case $1 in
    '' | *[!0-9]*) printf 0 ;;
    *) printf '%s' "$1" ;;
    esac
}

# each BEFORE AFTER: what dhcpcd counts up from 1 between the two; an honest line has few of anything.
each() {
    count=1
    while [ "$count" -le 8 ]; do
        eval "value=\${$1$count$2:-}"
        [ -z "$value" ] || printf '%s ' "$count"
        count=$((count + 1))
    done
}

router() {
    printf '{"from":"%s","lifetime":%s,"flags":"%s","mtu":%s,"prefixes":[' "$(given "nd$1_from")" \
        "$(number "$(given "nd$1_lifetime")")" "$(given "nd$1_flags")" "$(number "$(given "nd$1_mtu")")"
    comma=
    for n in $(each "nd$1_prefix_information" "_prefix"); do
        of="nd$1_prefix_information${n}"
        printf '%s{"prefix":"%s/%s","flags":"%s","preferred":%s}' "$comma" "$(given "${of}_prefix")" \
            "$(number "$(given "${of}_length")")" "$(given "${of}_flags")" "$(number "$(given "${of}_pltime")")"
        comma=,
    done
    own=
    for n in $(each "nd$1_addr" ""); do
        own="$own $(given "nd$1_addr$n")"
    done
    dns=
    for n in $(each "nd$1_rdnss" "_servers"); do
        [ "$(number "$(given "nd$1_rdnss${n}_lifetime")")" = 0 ] || dns="$dns $(given "nd$1_rdnss${n}_servers")"
    done
    printf '],"addresses":[%s],"dns":[%s]}' "$(as_json "$own")" "$(as_json "$dns")"
}

advertised() {
    printf '{"routers":['
    comma_between=
    for router in $(each "nd" "_from"); do
        printf '%s' "$comma_between"
        router "$router"
        comma_between=,
    done
    printf '],"at":%s}\n' "$(began)"
}

leased() {
    own=
    for ia in $(each "new_dhcp6_ia_na" "_iaid"); do
        for n in $(each "new_dhcp6_ia_na${ia}_ia_addr" ""); do
            [ "$(number "$(given "new_dhcp6_ia_na${ia}_ia_addr${n}_vltime")")" = 0 ] ||
                own="$own $(given "new_dhcp6_ia_na${ia}_ia_addr$n")"
        done
    done
    prefixes=
    for ia in $(each "new_dhcp6_ia_pd" "_iaid"); do
        for n in $(each "new_dhcp6_ia_pd${ia}_prefix" ""); do
            of="new_dhcp6_ia_pd${ia}_prefix${n}"
            [ "$(number "$(given "${of}_vltime")")" = 0 ] ||
                prefixes="$prefixes $(given "$of")/$(number "$(given "${of}_length")")"
        done
    done
    printf '{"addresses":[%s],"prefixes":[%s],"dns":[%s],"at":%s}\n' "$(as_json "$own")" "$(as_json "$prefixes")" \
        "$(as_json "$(given new_dhcp6_name_servers)")" "$(began)"
}

# keep FILE COMMAND: nobody ever reads half of it.
keep() {
    "$2" >"$1.new"
    mv -f "$1.new" "$1"
}

line=${sekisho_line:?}
case ${reason:?} in
ROUTERADVERT) keep "$line.advertised.json" advertised ;;
BOUND6 | RENEW6 | REBIND6 | REBOOT6 | INFORM6) keep "$line.leased.json" leased ;;
EXPIRE6 | STOP6 | RELEASE6 | FAIL6) rm -f "$line.leased.json" ;;
NOCARRIER | STOP | STOPPED | DEPARTED | FAIL) rm -f "$line.advertised.json" "$line.leased.json" ;;
*) ;;
esac
