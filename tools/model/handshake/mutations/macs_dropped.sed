# Without the MACs, and without the own ID in what is signed: holds
s/^  if mac[IR] = .*$//
s/(R_tag, T2, IDr, H(helloR))/(R_tag, T2, H(helloR))/
s/(I_tag, T3, IDi, IDr, H(helloI))/(I_tag, T3, IDr, H(helloI))/
