package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

const (
	framedBuffer = 64 << 10
	headerBytes  = 4
)

// framed makes messages of a stream of bytes: a length of 4 bytes before each.
type framed struct {
	stream io.ReadWriter // nil: a connection that is silent, with no stream
	out    *bufio.Writer
	end    func()
}

func newFramed(stream io.ReadWriter, end func()) *framed {
	if silent { // what is idle needs no buffer
		return &framed{end: end}
	}
	return &framed{stream, bufio.NewWriterSize(stream, framedBuffer), end}
}

func (f *framed) Send(message []byte) error {
	var header [headerBytes]byte
	binary.BigEndian.PutUint32(header[:], uint32(len(message)))
	f.out.Write(header[:]) // an error stays until the next Write
	_, err := f.out.Write(message)
	return err
}

func (f *framed) Flush() error { return f.out.Flush() }

func (f *framed) Serve(on func([]byte)) error {
	if f.stream == nil {
		return nil
	}
	in := bufio.NewReaderSize(f.stream, framedBuffer)
	large := make([]byte, bulkBytes)
	for {
		header, err := in.Peek(headerBytes)
		if err != nil {
			return err
		}
		size := int(binary.BigEndian.Uint32(header))
		in.Discard(headerBytes)
		switch {
		case size > len(large):
			return errors.New("a message is too large")
		case size > in.Size():
			if _, err := io.ReadFull(in, large[:size]); err != nil {
				return err
			}
			on(large[:size])
		default: // without a copy
			message, err := in.Peek(size)
			if err != nil {
				return err
			}
			on(message)
			in.Discard(size)
		}
	}
}

func (f *framed) Close() { f.end() }

// listenTCP calls each with every connection, on a goroutine of its own.
func listenTCP(each func(net.Conn)) (addr string) {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go each(c)
		}
	}()
	return listener.Addr().String()
}
