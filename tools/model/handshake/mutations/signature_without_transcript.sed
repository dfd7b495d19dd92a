# Signatures do not cover what was sent before: fails 3
s/(R_tag, T2, IDr, H(helloR))/(R_tag, IDr, H(helloR))/
s/(I_tag, T3, IDi, IDr, H(helloI))/(I_tag, IDi, IDr, H(helloI))/
