package main

import (
	"os"
	"os/exec"
	"syscall"
)

// The other side: this program again, which ends with this one.
type peerProcess struct{ command *exec.Cmd }

func startPeer(arguments ...string) peerProcess {
	command := exec.Command("/proc/self/exe", append([]string{"--peer"}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Stderr = os.Stderr
	check(command.Start())
	return peerProcess{command}
}

func (p peerProcess) stop() {
	p.command.Process.Kill()
	p.command.Wait()
}
