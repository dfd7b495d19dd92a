# R does not check I's signature: fails 2 4
s/^  if verify((I_tag.*$//
