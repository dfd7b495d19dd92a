# Writes `output`: C++ that has the `files` of `folder` in it (web/page.hpp).
set(types_html "text/html; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(list "")
foreach(file IN LISTS files)
  file(READ ${folder}/${file} bytes)
  if(bytes MATCHES "\\)parley\"")
    message(FATAL_ERROR "${folder}/${file} has )parley\" in it, which would end its string")
  endif()
  string(SHA256 tag "${bytes}")
  string(SUBSTRING ${tag} 0 16 tag)
  string(REGEX MATCH "[a-z]+$" kind ${file})
  set(path /${file})
  if(file STREQUAL "index.html")
    set(path /)
  endif()
  string(APPEND list "        {\"${path}\", \"${types_${kind}}\",\nR\"parley(${bytes})parley\",\n"
    "         \"${tag}\"},\n")
endforeach()
file(WRITE ${output} "// Made from web/bundle by web/embed.cmake.
#include <web/page.hpp>

namespace parley::web {

std::vector<runtime::HttpFile> page() {
    return {
${list}    };
}

}  // namespace parley::web
")
