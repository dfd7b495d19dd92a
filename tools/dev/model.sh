# model: what is proven of the protocols: every state that the consensus can reach (tools/model),
# and the handshake's claims by ProVerif (tools/model/handshake).

cmd_model() {
    case ${1:-} in
        "") model_consensus ;;
        handshake) model_handshake ;;
        *) die "model: no such model: $1 (handshake, or none for the consensus)" ;;
    esac
}

model_consensus() {
    need build
    build dev qbft-model
    step "All states of four validators, one faulty; then five mistakes"
    build/dev/bin/qbft-model
}

model_handshake() {
    if ! command -v proverif >/dev/null; then
        say "skipped: needs ProVerif (https://proverif.inria.fr) on the PATH"
        return
    fi
    step "Nine queries on the handshake, then what they notice; 20 minutes"
    tools/model/handshake/run.sh
}
