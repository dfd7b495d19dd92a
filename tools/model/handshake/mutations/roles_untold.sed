# Both sign with one tag, and what a side sent may come back to it: holds
s/R_tag/tag/g
s/I_tag/tag/g
s/^const tag, tag: label\..*$/const tag: label./
s/if eR = eI then 0 else//
