#!/usr/bin/env bash
# ns.sh COMMAND…: the command in a network namespace of its own, where all TCP is cubic, as Parley's
# links inside one machine are. A machine's default may be BBR, whose pacing slows the loopback.
#
# As a default a namespace takes only what every user may have, which cubic need not be; a route may
# name any.
exec unshare --net bash -euc '
    ip link set lo up
    sysctl -qw net.ipv4.tcp_congestion_control=reno net.ipv4.ip_local_port_range="10000 65000"
    for to in 127.0.0.0/8 127.0.0.1; do
        ip route replace table local local "$to" dev lo proto kernel scope host src 127.0.0.1 congctl cubic
    done
    exec "$@"' ns "$@"
