# sim: sweeps new seeds of the simulator, or shows that compilers agree.

cmd_sim() {
    local length=(--hours 0.1) seed agree='' status=0 pids=() half
    seed=$(($(date +%s) % 1000000000))
    while (($#)); do
        case $1 in
            --hours)
                length=(--hours "${2:?hours, such as 0.5}")
                shift
                ;;
            --seeds)
                length=(--seeds $(((${2:?how many} + jobs - 1) / jobs)))
                shift
                ;;
            --seed)
                seed=${2:?a number}
                shift
                ;;
            --agree) agree=1 ;;
            --)
                shift
                break
                ;;
            *) die "sim: no such option: $1" ;;
        esac
        shift
    done
    need build
    build release parley
    if [[ $agree ]]; then
        sim_agree
        return
    fi
    step "Sweeping seeds from $seed on, ${length[*]#--} on each processor${*:+: $*}"
    # A world has one thread: as many sweeps as processors, far apart.
    for ((half = 0; half < jobs; ++half)); do
        build/release/bin/parley sim --sweep "${length[@]}" "$@" --seed $((seed + half * 100000000)) &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return "$status"
}

# The same seeds by g++ and by clang give the same traces: all faults, and each attack.
sim_agree() {
    local seed attack
    need fuzz # clang
    build clang parley
    for seed in 1 2 3 4 5; do
        sim_agrees --scenario swarm --faults all --seed "$seed"
    done
    for attack in $(build/release/bin/parley sim --help | sed -n '/^ATTACKS/{n;p}'); do
        sim_agrees --nodes 20 --minutes 1 --attack "$attack" --attackers 3
    done
}

sim_agrees() {
    local gcc clang
    gcc=$(build/release/bin/parley sim "$@" | tail -n 1)
    clang=$(build/clang/bin/parley sim "$@" | tail -n 1)
    [[ ${gcc##* } == "${clang##* }" ]] || die "$*: g++ says $gcc, clang says $clang"
    say "$*: trace ${gcc##* } by both"
}
