#include <parley/runtime/io/datagram_sockets.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace parley::runtime {

DatagramSocket& DatagramSockets::add(DatagramSocket socket) {
    const bool v4 = socket.local().address.is_v4();
    const bool has_sister = std::ranges::any_of(strangers_, [&](const Way& way) {
        return sockets_[way.socket]->local().address.is_v4() == v4;
    });
    has_choice_ |= has_sister || socket.is_wildcard();
    if (!has_sister) strangers_.push_back({sockets_.size(), {}});
    sockets_.push_back(std::make_unique<DatagramSocket>(std::move(socket)));
    outgoing_.emplace_back();
    return *sockets_.back();
}

void DatagramSockets::note(std::size_t socket, const DatagramBatch& received) {
    if (!has_choice_) return;
    for (std::size_t i = 0; i < received.size(); ++i) {
        ways_.find_or_insert(key_of(received.peer(i))) = {socket, received.local(i)};
    }
}

const DatagramSockets::Way* DatagramSockets::way_to(const Endpoint& peer) {
    if (has_choice_) {
        if (const auto* way = ways_.find(key_of(peer))) return way;
    }
    const auto found = std::ranges::find_if(strangers_, [&](const Way& way) {
        return sockets_[way.socket]->local().address.is_v4() == peer.address.is_v4();
    });
    return found == strangers_.end() ? nullptr : &*found;
}

void DatagramSockets::send(const DatagramBatch& datagrams) {
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        const auto* way = way_to(datagrams.peer(i));
        if (way == nullptr) {
            ++counts_.no_socket;
            continue;
        }
        outgoing_[way->socket].push_back({datagrams.peer(i), way->from, datagrams[i]});
    }
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (outgoing_[i].empty()) continue;
        count(sockets_[i]->send(outgoing_[i]));
        outgoing_[i].clear();
    }
}

void DatagramSockets::count(const SendResult& result) {
    counts_.sent += result.sent;
    counts_.no_room += result.no_room;
    counts_.refused += result.refused;
    if (result.refused > 0) {
        counts_.last_refusal = fmt::format("{}: {}", result.refused_to.to_string(),
                                           std::generic_category().message(result.error));
    }
}

}  // namespace parley::runtime
