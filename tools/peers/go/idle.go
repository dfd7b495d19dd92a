package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	settling      = 20 * time.Second
	gathering     = 80 * time.Second
	dialsAtATime  = 16
	dialsOfOne    = 6 // before it gives up
	beforeDialing = time.Second
)

// kept holds connections for as long as the process lives.
type kept struct {
	mutex sync.Mutex
	conns []Conn
}

func (k *kept) keep(c Conn) {
	k.mutex.Lock()
	k.conns = append(k.conns, c)
	k.mutex.Unlock()
	go c.Serve(func([]byte) {})
}

// idle: KiB of memory that the listening side has for each connection on which nothing is said.
func idle(system System, name string, links int) float64 {
	var up atomic.Int64
	var conns kept
	addr := must(system.Listen(func(c Conn) {
		conns.keep(c)
		up.Add(1)
	}))
	time.Sleep(beforeDialing)
	before := resident()
	peer := startPeer("crowd", name, addr, strconv.Itoa(links))
	defer peer.stop()
	for began := time.Now(); up.Load() < int64(links); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > gathering {
			panic(fmt.Sprint("only ", up.Load(), " links came up"))
		}
	}
	time.Sleep(settling)
	return (resident() - before) / float64(links) / 1024
}

// resident: bytes of memory without pages of files, after garbage is given back.
func resident() float64 {
	debug.FreeOSMemory()
	fields := strings.Fields(string(must(os.ReadFile("/proc/self/statm"))))
	pages := func(i int) float64 { return must(strconv.ParseFloat(fields[i], 64)) }
	return (pages(1) - pages(2)) * float64(os.Getpagesize())
}

// crowd dials links times, each with an identity of its own. It is not measured.
func crowd(system System, addr string, links int) {
	gate := make(chan bool, dialsAtATime)
	var conns kept
	for range links {
		gate <- true
		go func() {
			defer func() { <-gate }()
			for try := 1; ; try++ {
				c, err := must(system.Dialer())(addr)
				if err == nil {
					conns.keep(c)
					return
				}
				if try == dialsOfOne {
					panic(err)
				}
			}
		}()
	}
	select {}
}
