package main

import (
	"context"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	quicgo "github.com/quic-go/quic-go"
)

// transportSystem is libp2p's transport alone: connect, authenticate, multiplex; no swarm and no
// identify.
type transportSystem struct{ kind string }

func (s transportSystem) transport(key crypto.PrivKey) (transport.Transport, error) {
	unlimited := &network.NullResourceManager{}
	if s.kind == "quic" {
		manager, err := quicreuse.NewConnManager(quicgo.StatelessResetKey{}, quicgo.TokenGeneratorKey{})
		if err != nil {
			return nil, err
		}
		return quic.NewTransport(key, manager, nil, nil, unlimited)
	}
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: muxer()}}
	var security sec.SecureTransport
	var err error
	if s.kind == "noise" {
		security, err = noise.New(noise.ID, key, muxers)
	} else {
		security, err = tls.New(tls.ID, key, muxers)
	}
	if err != nil {
		return nil, err
	}
	upgrade, err := upgrader.New([]sec.SecureTransport{security}, muxers, nil, unlimited, nil)
	if err != nil {
		return nil, err
	}
	return tcp.NewTCPTransport(upgrade, unlimited, nil)
}

func (s transportSystem) Listen(accepted func(Conn)) (string, error) {
	key := newKey()
	id := must(peer.IDFromPrivateKey(key))
	t, err := s.transport(key)
	if err != nil {
		return "", err
	}
	where := anyTCP
	if s.kind == "quic" {
		where = anyUDP
	}
	listener, err := t.Listen(must(ma.NewMultiaddr(where)))
	if err != nil {
		return "", err
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(c, accepted)
		}
	}()
	return listener.Multiaddr().String() + "/p2p/" + id.String(), nil
}

func serve(c transport.CapableConn, accepted func(Conn)) {
	if silent {
		accepted(&framed{})
		c.AcceptStream() // until the dialer closes
		c.Close()
		return
	}
	stream, err := c.AcceptStream()
	if err == nil {
		accepted(newFramed(stream, func() { c.Close() }))
	}
}

func (s transportSystem) Dialer() (func(string) (Conn, error), error) {
	t, err := s.transport(newKey())
	if err != nil {
		return nil, err
	}
	return func(addr string) (Conn, error) {
		info := must(peer.AddrInfoFromString(addr))
		c, err := t.Dial(context.Background(), info.Addrs[0], info.ID)
		if err != nil {
			return nil, err
		}
		end := func() { c.Close() }
		if silent {
			return &framed{end: end}, nil
		}
		stream, err := c.OpenStream(context.Background())
		if err != nil {
			return nil, err
		}
		return newFramed(stream, end), nil
	}, nil
}
