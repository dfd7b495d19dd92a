package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// As many as parley-bench's, each with an identity of its own.
const dialers = 32

// handshakes: connections a second that are complete at the listener.
func handshakes(system System, name string) float64 {
	var n atomic.Uint64
	addr := must(system.Listen(func(Conn) { n.Add(1) }))
	peer := startPeer("handshakes", name, addr)
	defer peer.stop()
	for n.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(warming)
	before, start := n.Load(), time.Now()
	time.Sleep(span)
	return float64(n.Load()-before) / time.Since(start).Seconds()
}

func dialForEver(system System, addr string) {
	for range dialers {
		dial := must(system.Dialer())
		go func() {
			for {
				c, err := dial(addr)
				if err != nil {
					fmt.Fprintln(os.Stderr, "dial:", err)
					time.Sleep(10 * time.Millisecond)
					continue
				}
				c.Close()
			}
		}()
	}
	select {}
}
