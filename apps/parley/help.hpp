// The pages of --help: name, usage, description, arguments, options, and what a command's footer
// adds (examples, files, exit status).
#pragma once

#include "command.hpp"

namespace parley::app {

class HelpPages final : public CLI::FormatterBase {
public:
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;
};

}  // namespace parley::app
