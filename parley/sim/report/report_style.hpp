// The style sheet and the script of a report's page: constants, and nothing from outside.
#pragma once

#include <string_view>

namespace parley::sim {

/// Colours for light and dark, the layout for screens of 360 px and up, and for paper. Plots rely
/// on the left margin that it gives them.
extern const std::string_view report_style;
/// The tips on the plots, and the button that copies the command. The page is complete without it.
extern const std::string_view report_script;

}  // namespace parley::sim
