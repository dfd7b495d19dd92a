# I does not check R's signature: fails 1 3 5
s/^  if verify((R_tag.*$//
