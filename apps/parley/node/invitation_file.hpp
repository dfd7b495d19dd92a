// Invitations in files: one line, "parley-invite:...".
#pragma once

#include "command.hpp"
#include <parley/identity/invitation.hpp>

#include <string>

namespace parley::app {

/// Its signature is verified; whether it is good now and for whom, `check` says.
Result<Invitation, Failure> read_invitation(const std::string& path);

}  // namespace parley::app
