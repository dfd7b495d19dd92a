// peers: the work of parley-bench's transport.* on public Go libraries, for ./dev bench --peers.
//
// `peers BENCH SYSTEM` prints one JSON line. Two processes, as Parley's: this one listens and
// receives, a child (this program with --peer) dials and sends. Runs take about 4 s, idle 30.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Conn is an authenticated connection on which whole messages go.
type Conn interface {
	Send(message []byte) error // may buffer
	Flush() error
	Serve(on func(message []byte)) error // blocks; a message is valid until on returns
	Close()
}

// System is a library with a set of options.
type System interface {
	// Listen calls accepted, on any goroutine, with each connection that is complete.
	Listen(accepted func(Conn)) (addr string, err error)
	// Dialer makes an identity; the function sets up a connection.
	Dialer() (func(addr string) (Conn, error), error)
}

var systems = map[string]func() System{}

// Connections only come up in this run: no stream is opened, no message goes.
var silent bool

const (
	warming = 500 * time.Millisecond
	span    = 3 * time.Second

	bulkBytes   = 1 << 20
	smallBytes  = 200
	idleDefault = 2000
)

type result struct {
	Bench  string  `json:"bench"`
	System string  `json:"system"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	P99    float64 `json:"p99,omitempty"`
}

func main() {
	allowManyFiles()
	arguments := os.Args[1:]
	if len(arguments) >= 4 && arguments[0] == "--peer" {
		runPeer(arguments[1], arguments[2], arguments[3:])
		return
	}
	if len(arguments) < 2 || systems[arguments[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peers bulk|small|handshakes|rtt|idle SYSTEM [LINKS]")
		os.Exit(2)
	}
	links := idleDefault
	if len(arguments) > 2 {
		links = must(strconv.Atoi(arguments[2]))
	}
	check(json.NewEncoder(os.Stdout).Encode(run(arguments[0], arguments[1], links)))
	os.Exit(0)
}

func run(bench, name string, links int) result {
	out := result{Bench: bench, System: name}
	silent = bench == "handshakes" || bench == "idle"
	system := systems[name]()
	switch bench {
	case "bulk":
		out.Value, out.Unit = stream(system, name, bulkBytes)*bulkBytes, "bytes/s"
	case "small":
		out.Value, out.Unit = stream(system, name, smallBytes), "messages/s"
	case "handshakes":
		out.Value, out.Unit = handshakes(system, name), "handshakes/s"
	case "rtt":
		out.Value, out.P99 = rtt(system, name)
		out.Unit = "us"
	case "idle":
		out.Value, out.Unit = idle(system, name, links), "KiB/link"
	default:
		panic("no such bench: " + bench)
	}
	return out
}

func runPeer(role, name string, arguments []string) {
	silent = role == "handshakes" || role == "crowd"
	system := systems[name]()
	switch role {
	case "stream":
		sendStream(system, arguments[0], must(strconv.Atoi(arguments[1])))
	case "handshakes":
		dialForEver(system, arguments[0])
	case "echo":
		echo(system, arguments[0])
	case "crowd":
		crowd(system, arguments[0], must(strconv.Atoi(arguments[1])))
	}
}

func allowManyFiles() {
	var limit syscall.Rlimit
	check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = limit.Max
	check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
