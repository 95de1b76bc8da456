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

# Seconds of CLOCK_BOOTTIME at which the process that asks began, which of $(began) is now: the wall clock may be wrong
# until the line is there, and /proc/uptime is not shown to everybody who runs a hook (proc_pid_stat(5), field 22).
began() {
    read -r stat </proc/self/stat
    # shellcheck disable=SC2086 # The fields behind the name, which may have spaces.
    set -- ${stat##*) }
    shift 19
    printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}

# write_lease FILE INTERFACE REASON [ADDRESS PREFIX GATEWAY DNS]: without an address the line gives nothing.
write_lease() {
    address=$(addresses "${4:-}")
    prefix=$(addresses "${5:-}")
    gateway=$(addresses "${6:-}")
    dns=$(addresses "${7:-}")
    printf '{"interface":"%s","reason":"%s","address":"%s","prefix":%s,"gateway":"%s","dns":[%s],"at":%s}\n' \
        "$2" "$3" "$address" "${prefix:-null}" "${gateway%% *}" "$(as_json "$dns")" "$(began)" >"$1.new"
    mv -f "$1.new" "$1"
}
