// The links of a node, from the replies of admin_peers and parley_status, as a person reads them.
// Pure functions.
#pragma once

#include "peers/naming.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <string>

namespace parley::app {

/// A row for each link of admin_peers, inbound ones first, each direction's oldest first; in so
/// many columns, at least 80, or with all that is known and whole IDs. IPv6 addresses are cut to
/// fit.
std::string links_table(const boost::json::array& peers, const Names& names, bool all,
                        std::size_t columns = 80);

/// Links by direction and class, with the sums. `links` as in parley_status.
std::string links_summary(const boost::json::value& links);

/// What parley_status has in `links`, of a list of admin_peers.
boost::json::value count_links(const boost::json::array& peers);

}  // namespace parley::app
