// The bodies of Asio and Beast, for all sources that include their headers.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
