#include "folder.hpp"
#include "node/invitation_file.hpp"

#include <fmt/format.h>

namespace parley::app {

Result<Invitation, Failure> read_invitation(const std::string& path) {
    const auto text = read_small_file(path);
    if (!text) return std::unexpected{text.error()};
    auto invitation = Invitation::parse(*text);
    if (!invitation) return failed(fmt::format("{}: {}", path, message(invitation.error())));
    return std::move(*invitation);
}

}  // namespace parley::app
