# Shell functions of the demo and of the tests that take its path: a manager of one's own under one folder,
# with the hypervisor that is there, started and stopped without a trace. Source it with $work set.

bin=${BIN:-$PWD/build/bin}
daemons=""

# Which libvirt: root uses the system's, and starts it when nothing serves it; anybody else has a session.
choose_libvirt() {
    if [ "$(id -u)" -ne 0 ]; then
        COCOS_MANAGER_LIBVIRT_URI=qemu:///session
        export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$work/run}"
        mkdir -p "$XDG_RUNTIME_DIR"
    else
        COCOS_MANAGER_LIBVIRT_URI=qemu:///system
        virsh -q -c qemu:///system version >/dev/null 2>&1 || start_libvirt
    fi
    export COCOS_MANAGER_LIBVIRT_URI
}

start_libvirt() {
    start_daemon virtlogd
    start_daemon libvirtd
    await 30 "libvirt to answer" virsh -q -c qemu:///system version
}

start_daemon() {
    pgrep -x "$1" >/dev/null && return
    "$1" -d -p "$work/$1.pid" </dev/null >/dev/null 2>"$work/$1.log"
    daemons="$1 $daemons"
}

stop_libvirt() {
    for daemon in $daemons; do
        [ -s "$work/$daemon.pid" ] || continue
        pid=$(cat "$work/$daemon.pid")
        kill "$pid" 2>/dev/null
        await 10 "$daemon to end" not kill -0 "$pid"
    done
    daemons=""
}

not() {
    ! "$@"
}

# await SECONDS WHAT COMMAND...: tries the command until it succeeds.
await() {
    await_end=$(($(date +%s) + $1)) await_what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -ge "$await_end" ]; then
            echo "waited in vain for $await_what" >&2
            return 1
        fi
        sleep 0.1
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts a manager with its state under $work/state; COCOS_MANAGER_* of the caller hold.
start_manager() {
    mkdir -p "$work/state"
    chmod 711 "$work" "$work/state"
    export COCOS_MANAGER_STATE_DIR="$work/state"
    export COCOS_MANAGER_IMAGE_DIR="${COCOS_MANAGER_IMAGE_DIR:-$PWD/build/eos}"
    export COCOS_MANAGER_LISTEN="${COCOS_MANAGER_LISTEN:-127.0.0.1:$(free_port)}"
    "$bin/cocos-manager" </dev/null >"$work/manager.out" 2>"$work/manager.log" &
    manager_pid=$!
    await 20 "the manager" curl -sf --cacert "$work/state/ca.pem" "https://$COCOS_MANAGER_LISTEN/readyz" || {
        tail -5 "$work/manager.log" >&2
        return 1
    }
}

stop_manager() {
    [ -n "${manager_pid:-}" ] || return 0
    kill "$manager_pid" 2>/dev/null
    wait "$manager_pid" 2>/dev/null
    manager_pid=""
}
