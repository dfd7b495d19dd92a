package main

import (
	"net"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmt "github.com/cometbft/cometbft/p2p/conn"
)

func init() {
	systems["comet-secret"] = func() System { return secretSystem{} }
}

// secretSystem is CometBFT's SecretConnection alone, with a length before each message.
type secretSystem struct{}

func (secretSystem) Listen(accepted func(Conn)) (string, error) {
	return listenSecret(func(sc *cmt.SecretConnection) {
		accepted(newFramed(sc, func() { sc.Close() }))
		if silent { // until the dialer closes
			sc.Read(make([]byte, 1))
			sc.Close()
		}
	}), nil
}

func (secretSystem) Dialer() (func(string) (Conn, error), error) {
	dial := secretDialer()
	return func(addr string) (Conn, error) {
		sc, err := dial(addr)
		if err != nil {
			return nil, err
		}
		return newFramed(sc, func() { sc.Close() }), nil
	}, nil
}

func listenSecret(each func(*cmt.SecretConnection)) (addr string) {
	key := ed25519.GenPrivKey()
	return listenTCP(func(c net.Conn) {
		if sc, err := secret(c, key); err == nil {
			each(sc)
		}
	})
}

func secretDialer() func(addr string) (*cmt.SecretConnection, error) {
	key := ed25519.GenPrivKey()
	return func(addr string) (*cmt.SecretConnection, error) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		return secret(c, key)
	}
}

func secret(c net.Conn, key ed25519.PrivKey) (*cmt.SecretConnection, error) {
	sc, err := cmt.MakeSecretConnection(c, key)
	if err != nil {
		c.Close()
	}
	return sc, err
}
