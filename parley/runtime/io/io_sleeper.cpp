#include <parley/runtime/io/io_sleeper.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace parley::runtime {

IoSleeper::IoSleeper(IoThread& io) : io_(io), event_(io.context()) {
    const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
    event_.assign(event);
    await();
}

void IoSleeper::wake() noexcept {
    const std::uint64_t one = 1;
    (void)!::write(event_.native_handle(), &one, sizeof one);
}

void IoSleeper::await() {
    using boost::asio::posix::stream_descriptor;
    event_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error) return;
        std::uint64_t count = 0;
        (void)!::read(event_.native_handle(), &count, sizeof count);
        await();
    });
}

}  // namespace parley::runtime
