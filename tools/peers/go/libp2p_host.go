package main

import (
	"context"
	"crypto/rand"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

func init() {
	for _, kind := range []string{"noise", "tls", "quic"} {
		systems["libp2p-"+kind] = func() System { return hostSystem{kind} }
		systems["libp2p-"+kind+"-transport"] = func() System { return transportSystem{kind} }
	}
}

const (
	protocolID = "/bench/1"
	anyTCP     = "/ip4/127.0.0.1/tcp/0"
	anyUDP     = "/ip4/127.0.0.1/udp/0/quic-v1"
)

// muxer is yamux as libp2p sets it up, but for two things that suit one busy stream: a frame fits
// into one message of noise, and its window is large from the start.
func muxer() *yamux.Transport {
	config := *yamux.DefaultTransport
	config.MaxMessageSize = noise.MaxPlaintextLength
	config.InitialStreamWindowSize = config.MaxStreamWindowSize
	return &config
}

// hostSystem is what applications use: a host with one transport, without limits of resources.
type hostSystem struct{ kind string }

func (s hostSystem) host(listen bool) (host.Host, error) {
	options := []libp2p.Option{
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
		libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.Identity(newKey()),
	}
	where := anyTCP
	switch s.kind {
	case "quic":
		where = anyUDP
		options = append(options, libp2p.Transport(quic.NewTransport))
	case "noise":
		options = append(options, libp2p.Transport(tcp.NewTCPTransport),
			libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, muxer()))
	case "tls":
		options = append(options, libp2p.Transport(tcp.NewTCPTransport),
			libp2p.Security(tls.ID, tls.New), libp2p.Muxer(yamux.ID, muxer()))
	}
	if listen {
		options = append(options, libp2p.ListenAddrStrings(where))
	} else {
		options = append(options, libp2p.NoListenAddrs)
	}
	return libp2p.New(options...)
}

func newKey() crypto.PrivKey {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	check(err)
	return key
}

func (s hostSystem) Listen(accepted func(Conn)) (string, error) {
	h, err := s.host(true)
	if err != nil {
		return "", err
	}
	if silent {
		h.Network().Notify(&network.NotifyBundle{
			ConnectedF: func(network.Network, network.Conn) { accepted(&framed{}) }})
	} else {
		h.SetStreamHandler(protocolID, func(stream network.Stream) {
			accepted(newFramed(stream, func() { h.Network().ClosePeer(stream.Conn().RemotePeer()) }))
		})
	}
	id := must(ma.NewMultiaddr("/p2p/" + h.ID().String()))
	return h.Addrs()[0].Encapsulate(id).String(), nil
}

func (s hostSystem) Dialer() (func(string) (Conn, error), error) {
	h, err := s.host(false)
	if err != nil {
		return nil, err
	}
	return func(addr string) (Conn, error) {
		info := must(peer.AddrInfoFromString(addr))
		if err := h.Connect(context.Background(), *info); err != nil {
			return nil, err
		}
		end := func() { h.Network().ClosePeer(info.ID) }
		if silent {
			return &framed{end: end}, nil
		}
		stream, err := h.NewStream(context.Background(), info.ID, protocolID)
		if err != nil {
			return nil, err
		}
		return newFramed(stream, end), nil
	}, nil
}
