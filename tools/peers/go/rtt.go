package main

import (
	"slices"
	"time"
)

const (
	questions     = 20_000
	questionBytes = 100
	rttTime       = 8 * time.Second // with fewer questions, if they take long
)

// rtt: microseconds from a question to its answer, the median and the 99th percentile.
func rtt(system System, name string) (median, p99 float64) {
	accepted := make(chan Conn, 1)
	addr := must(system.Listen(func(c Conn) { accepted <- c }))
	peer := startPeer("echo", name, addr)
	defer peer.stop()
	c := <-accepted
	question := make([]byte, questionBytes)
	times := make([]time.Duration, 0, questions)
	done := make(chan bool, 1)
	var began, asked time.Time
	go c.Serve(func([]byte) {
		now := time.Now()
		if asked.IsZero() { // the echo says that it is there
			began = now
		} else {
			times = append(times, now.Sub(asked))
		}
		if len(times) == questions || now.Sub(began) > rttTime {
			done <- true
			return
		}
		asked = time.Now()
		check(c.Send(question))
		check(c.Flush())
	})
	<-done
	slices.Sort(times)
	microseconds := func(share float64) float64 {
		return float64(times[int(float64(len(times)-1)*share)].Nanoseconds()) / 1e3
	}
	return microseconds(0.5), microseconds(0.99)
}

func echo(system System, addr string) {
	c := must(must(system.Dialer())(addr))
	time.Sleep(200 * time.Millisecond)
	check(c.Send(make([]byte, questionBytes)))
	check(c.Flush())
	c.Serve(func(message []byte) {
		check(c.Send(message))
		check(c.Flush())
	})
}
