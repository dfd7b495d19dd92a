package main

import (
	"io"
	"time"

	tmp2p "github.com/cometbft/cometbft/api/cometbft/p2p/v1"
	"github.com/cometbft/cometbft/libs/log"
	cmt "github.com/cometbft/cometbft/p2p/conn"
)

func init() {
	systems["comet-mconn"] = func() System { return mconnSystem{1024, 10 * time.Millisecond} }
	systems["comet-mconn-tuned"] = func() System { return mconnSystem{65_000, time.Microsecond} }
}

const (
	unlimited        = 1 << 42 // bytes a second
	mconnChannel     = 1
	mconnQueue       = 100
	mconnMessageSize = 2 << 20
)

// mconnSystem is CometBFT's MConnection over a SecretConnection, without its limits of rate; by the
// packets and the wait before a flush that CometBFT's own configuration has, or tuned.
type mconnSystem struct {
	packet int
	wait   time.Duration
}

type mconn struct {
	connection *cmt.MConnection
	on         chan func([]byte) // what Serve is given
}

func (s mconnSystem) attach(sc *cmt.SecretConnection) *mconn {
	config := cmt.DefaultMConnConfig()
	config.SendRate, config.RecvRate = unlimited, unlimited
	config.MaxPacketMsgPayloadSize = s.packet
	config.FlushThrottle = s.wait
	c := &mconn{on: make(chan func([]byte), 1)}
	var on func([]byte)
	receive := func(_ byte, message []byte) {
		if on == nil {
			on = <-c.on
		}
		on(message)
	}
	channels := []*cmt.ChannelDescriptor{{ID: mconnChannel, Priority: 1, SendQueueCapacity: mconnQueue,
		RecvMessageCapacity: mconnMessageSize, MessageType: &tmp2p.PacketMsg{}}}
	c.connection = cmt.NewMConnectionWithConfig(sc, channels, receive, func(any) {}, config)
	c.connection.SetLogger(log.NewNopLogger())
	check(c.connection.Start())
	return c
}

// Send waits while the queue is full, and fails after 10 s of that.
func (c *mconn) Send(message []byte) error {
	for !c.connection.Send(mconnChannel, message) {
		if !c.connection.IsRunning() {
			return io.EOF
		}
	}
	return nil
}

// Flush does nothing: MConnection flushes by its own clock.
func (c *mconn) Flush() error { return nil }

func (c *mconn) Serve(on func([]byte)) error {
	c.on <- on
	if !silent {
		<-c.connection.Quit()
	}
	return nil
}

func (c *mconn) Close() { c.connection.Stop() }

func (s mconnSystem) Listen(accepted func(Conn)) (string, error) {
	return listenSecret(func(sc *cmt.SecretConnection) { accepted(s.attach(sc)) }), nil
}

func (s mconnSystem) Dialer() (func(string) (Conn, error), error) {
	dial := secretDialer()
	return func(addr string) (Conn, error) {
		sc, err := dial(addr)
		if err != nil {
			return nil, err
		}
		return s.attach(sc), nil
	}, nil
}
