// Copies of a payload that a node receives: 20 hosts in one process, each with a few links.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"google.golang.org/protobuf/proto"
)

const nodes, degree, messages = 20, 8, 1000

type tracer struct{ delivered, duplicates, bytes atomic.Int64 }

func (*tracer) OnNewOutboundStream(peer.ID, protocol.ID)             {}
func (*tracer) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
func (*tracer) OnClosedOutboundStream(peer.ID)                       {}
func (*tracer) Join(string)                                          {}
func (*tracer) Leave(string)                                         {}
func (*tracer) Graft(peer.ID, string)                                {}
func (*tracer) Prune(peer.ID, string)                                {}
func (*tracer) ValidateMessage(*pubsub.Message)                      {}
func (t *tracer) DeliverMessage(m *pubsub.Message)                   { t.delivered.Add(1) }
func (*tracer) RejectMessage(*pubsub.Message, string)                {}
func (t *tracer) DuplicateMessage(m *pubsub.Message)                 { t.duplicates.Add(1) }
func (*tracer) ThrottlePeer(peer.ID)                                 {}
func (t *tracer) RecvRPC(r *pubsub.RPC)                              { t.bytes.Add(int64(proto.Size(&r.RPC))) }
func (*tracer) SendRPC(*pubsub.RPC, peer.ID)                         {}
func (*tracer) DropRPC(*pubsub.RPC, peer.ID)                         {}
func (*tracer) UndeliverableMessage(m *pubsub.Message)               {}

func main() {
	for _, size := range []int{200, 100_000} {
		run(size)
	}
}
func run(size int) {
	ctx := context.Background()
	t := &tracer{}
	var hosts []host.Host
	var topics []*pubsub.Topic
	for range nodes {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport),
			libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.DisableRelay(),
			libp2p.ResourceManager(&network.NullResourceManager{}))
		if err != nil {
			panic(err)
		}
		ps, err := pubsub.NewGossipSub(ctx, h, pubsub.WithRawTracer(t), pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
			pubsub.WithMessageIdFn(func(m *pb.Message) string { return string(m.Data[:16]) }))
		if err != nil {
			panic(err)
		}
		topic, err := ps.Join("t")
		if err != nil {
			panic(err)
		}
		sub, err := topic.Subscribe(pubsub.WithBufferSize(10000))
		if err != nil {
			panic(err)
		}
		go func() {
			for {
				if _, err := sub.Next(ctx); err != nil {
					return
				}
			}
		}()
		hosts = append(hosts, h)
		topics = append(topics, topic)
	}
	rng := rand.New(rand.NewSource(1))
	for i, h := range hosts {
		for range degree / 2 {
			j := rng.Intn(nodes)
			if j != i {
				h.Connect(ctx, peer.AddrInfo{ID: hosts[j].ID(), Addrs: hosts[j].Addrs()})
			}
		}
	}
	time.Sleep(8 * time.Second)
	d0, u0, b0 := t.delivered.Load(), t.duplicates.Load(), t.bytes.Load()
	n := messages
	if size > 1000 {
		n = 100
	}
	for i := range n {
		data := make([]byte, size)
		rng.Read(data)
		binary.BigEndian.PutUint64(data, uint64(i))
		if err := topics[rng.Intn(nodes)].Publish(ctx, data); err != nil {
			panic(err)
		}
		time.Sleep(time.Duration(5+size/1000) * time.Millisecond)
	}
	time.Sleep(4 * time.Second)
	d, u, b := t.delivered.Load()-d0, t.duplicates.Load()-u0, t.bytes.Load()-b0
	links := 0
	for _, h := range hosts {
		links += len(h.Network().Peers())
	}
	// The publisher does not deliver its own to itself.
	got := float64(d)
	fmt.Printf("{\"bench\":\"gossip\",\"size\":%d,\"links_per_node\":%.1f,\"reached\":%.4f,\"copies\":%.2f,\"bytes_per_node_and_message\":%.0f}\n",
		size, float64(links)/nodes, float64(d)/float64(n*(nodes-1)), (got+float64(u))/got, float64(b)/float64(n)/(nodes-1))
	for _, h := range hosts {
		h.Close()
	}
}
