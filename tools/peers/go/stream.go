package main

import (
	"fmt"
	"strconv"
	"time"
)

// stream: messages a second that arrive, on one connection.
func stream(system System, name string, size int) float64 {
	accepted := make(chan Conn, 1)
	addr := must(system.Listen(func(c Conn) { accepted <- c }))
	peer := startPeer("stream", name, addr, strconv.Itoa(size))
	defer peer.stop()
	meter := newMeter(size)
	go (<-accepted).Serve(func(message []byte) {
		if len(message) != size {
			panic(fmt.Sprint("a message of ", len(message)))
		}
		meter.count()
	})
	return <-meter.rate
}

// meter gives the rate of a span that begins once the connection is warm.
type meter struct {
	rate         chan float64
	step         uint64 // messages between two looks at the clock
	n, atStart   uint64
	first, start time.Time
	over         bool
}

func newMeter(size int) *meter {
	m := &meter{rate: make(chan float64, 1), step: 1}
	if size < 4096 {
		m.step = 512
	}
	return m
}

func (m *meter) count() {
	m.n++
	if m.over || m.n%m.step != 0 {
		return
	}
	now := time.Now()
	switch {
	case m.first.IsZero():
		m.first = now
	case m.start.IsZero():
		if now.Sub(m.first) >= warming {
			m.start, m.atStart = now, m.n
		}
	case now.Sub(m.start) >= span:
		m.over = true
		m.rate <- float64(m.n-m.atStart) / now.Sub(m.start).Seconds()
	}
}

func sendStream(system System, addr string, size int) {
	c := must(must(system.Dialer())(addr))
	go c.Serve(func([]byte) {})
	plain := make([]byte, size)
	for i := range plain {
		plain[i] = 7
	}
	for {
		message := plain
		if size < 4096 { // each is made anew, as parley-bench does
			message = append([]byte(nil), plain...)
		}
		if err := c.Send(message); err != nil {
			return
		}
	}
}
