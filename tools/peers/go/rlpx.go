package main

import (
	"bufio"
	"crypto/ecdsa"
	"encoding/hex"
	"net"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	"github.com/ethereum/go-ethereum/rlp"
)

func init() {
	systems["rlpx"] = func() System { return rlpxSystem{} }
	systems["rlpx-buffered"] = func() System { return rlpxSystem{buffered: true} }
}

// Codes of messages: of devp2p, and the first that a protocol may have but one.
const (
	codeHello = 0
	codePing  = 2
	codePong  = 3
	codeBench = 17
)

// rlpxSystem is the link of go-ethereum's devp2p without its server and without compression. It
// writes each message by itself, unless buffered.
type rlpxSystem struct{ buffered bool }

type hello struct {
	Version    uint64
	Name       string
	Caps       []p2p.Cap
	ListenPort uint64
	ID         []byte
	Rest       []rlp.RawValue `rlp:"tail"`
}

// coalescing collects what is written until it is flushed, once the handshakes are over.
type coalescing struct {
	net.Conn
	out     *bufio.Writer
	enabled bool
}

func (c *coalescing) Write(p []byte) (int, error) {
	if !c.enabled {
		return c.Conn.Write(p)
	}
	return c.out.Write(p)
}

type rlpxConn struct {
	link *rlpx.Conn
	out  *coalescing // nil: not buffered
}

func (s rlpxSystem) setUp(fd net.Conn, to *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*rlpxConn, error) {
	c := &rlpxConn{}
	if s.buffered {
		c.out = &coalescing{Conn: fd, out: bufio.NewWriterSize(fd, framedBuffer)}
		fd = c.out
	}
	c.link = rlpx.NewConn(fd, to)
	if err := c.handshake(key); err != nil {
		fd.Close()
		return nil, err
	}
	if s.buffered {
		c.out.enabled = true
	}
	return c, nil
}

// handshake is that of the encryption and then a Hello each way, as p2p.Server sends it.
func (c *rlpxConn) handshake(key *ecdsa.PrivateKey) error {
	if _, err := c.link.Handshake(key); err != nil {
		return err
	}
	ours := must(rlp.EncodeToBytes(&hello{Version: 5, Name: "bench",
		Caps: []p2p.Cap{{Name: "bench", Version: 1}}, ID: crypto.FromECDSAPub(&key.PublicKey)[1:]}))
	if _, err := c.link.Write(codeHello, ours); err != nil {
		return err
	}
	_, data, _, err := c.link.Read()
	if err != nil {
		return err
	}
	return rlp.DecodeBytes(data, new(hello))
}

func (c *rlpxConn) Send(message []byte) error {
	_, err := c.link.Write(codeBench, message)
	return err
}

func (c *rlpxConn) Flush() error {
	if c.out == nil {
		return nil
	}
	return c.out.out.Flush()
}

func (c *rlpxConn) Serve(on func([]byte)) error {
	for {
		code, data, _, err := c.link.Read()
		if err != nil {
			return err
		}
		switch code {
		case codePing: // of a p2p.Server, which compresses from here on
			c.link.SetSnappy(true)
			c.link.Write(codePong, []byte{0xc0})
		case codeBench:
			on(data)
		}
	}
}

func (c *rlpxConn) Close() { c.link.Close() }

func (s rlpxSystem) Listen(accepted func(Conn)) (string, error) {
	key := must(crypto.GenerateKey())
	addr := listenTCP(func(fd net.Conn) {
		c, err := s.setUp(fd, nil, key)
		if err != nil {
			return
		}
		accepted(c)
		if silent { // until the dialer closes
			c.Serve(func([]byte) {})
			c.Close()
		}
	})
	return withKey(addr, &key.PublicKey), nil
}

func (s rlpxSystem) Dialer() (func(string) (Conn, error), error) {
	key := must(crypto.GenerateKey())
	return func(addr string) (Conn, error) {
		where, to, _ := strings.Cut(addr, "/")
		fd, err := net.Dial("tcp", where)
		if err != nil {
			return nil, err
		}
		return s.setUp(fd, must(crypto.UnmarshalPubkey(must(hex.DecodeString(to)))), key)
	}, nil
}

func withKey(addr string, key *ecdsa.PublicKey) string {
	return addr + "/" + hex.EncodeToString(crypto.FromECDSAPub(key))
}
