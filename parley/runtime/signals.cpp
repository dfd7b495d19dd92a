#include <parley/runtime/signals.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <thread>
#include <utility>

namespace parley::runtime {

class Signals::Impl {
public:
    explicit Impl(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
        for (const int unused : {SIGUSR1, SIGUSR2}) std::signal(unused, SIG_IGN);
        wait();
        thread_ = std::thread{[this] { context_.run(); }};
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        context_.stop();
        thread_.join();
    }

private:
    void wait() {
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) return;
            on_signal_(number);
            wait();
        });
    }

    std::function<void(int)> on_signal_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
    std::thread thread_;
};

Signals::Signals(std::function<void(int)> on_signal)
    : impl_(std::make_unique<Impl>(std::move(on_signal))) {}
Signals::~Signals() = default;

}  // namespace parley::runtime
