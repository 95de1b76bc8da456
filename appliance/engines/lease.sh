# Sourced by the hooks of the line's clients: keeps what a line gave us in one JSON file, and touches nothing else.
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

# write_lease FILE INTERFACE REASON [ADDRESS PREFIX GATEWAY DNS]: without an address the line gives nothing.
write_lease() {
    address=$(addresses "${4:-}")
    prefix=$(addresses "${5:-}")
    gateway=$(addresses "${6:-}")
    dns=$(addresses "${7:-}")
    # Seconds of CLOCK_BOOTTIME: the wall clock may be wrong until the line is there.
    read -r at _ </proc/uptime
    printf '{"interface":"%s","reason":"%s","address":"%s","prefix":%s,"gateway":"%s","dns":[%s],"at":%s}\n' \
        "$2" "$3" "$address" "${prefix:-null}" "${gateway%% *}" "$(as_json "$dns")" "$at" >"$1.new"
    mv -f "$1.new" "$1"
}
