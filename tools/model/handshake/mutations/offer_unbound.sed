# The versions that I offers are not in the transcript: fails 7
s/H((T0, offer, dst, eI, nI))/H((T0, dst, eI, nI))/
