package main

import (
	"errors"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
)

func init() {
	systems["devp2p-server"] = func() System { return serverSystem{} }
	log.SetDefault(log.NewLogger(log.DiscardHandler()))
}

// serverSystem is the whole of go-ethereum's devp2p on the listening side, for idle. What dials is
// the bare link: it is not measured.
type serverSystem struct{ rlpxSystem }

type serverConn struct{ peer *p2p.Peer }

func (serverSystem) Listen(accepted func(Conn)) (string, error) {
	server := &p2p.Server{Config: p2p.Config{
		PrivateKey: must(crypto.GenerateKey()), MaxPeers: 100_000, MaxPendingPeers: 256,
		NoDiscovery: true, NoDial: true, Name: "bench", ListenAddr: "127.0.0.1:0",
		Protocols: []p2p.Protocol{{Name: "bench", Version: 1, Length: 4,
			Run: func(peer *p2p.Peer, messages p2p.MsgReadWriter) error {
				accepted(serverConn{peer})
				_, err := messages.ReadMsg()
				return err
			}}},
	}}
	if err := server.Start(); err != nil {
		return "", err
	}
	return withKey(server.ListenAddr, &server.PrivateKey.PublicKey), nil
}

func (serverConn) Send([]byte) error        { return errors.ErrUnsupported }
func (serverConn) Flush() error             { return nil }
func (serverConn) Serve(func([]byte)) error { return nil }
func (c serverConn) Close()                 { c.peer.Disconnect(p2p.DiscRequested) }
