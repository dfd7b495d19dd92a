# model: explores every state that the consensus can reach (tools/model).

cmd_model() {
    (($# == 0)) || die "model: no such option: $1"
    need build
    build dev qbft-model
    step "All states of four validators, one faulty; then five mistakes"
    build/dev/bin/qbft-model
}
