# The keys of the link follow from what anybody saw: fails 1 2
s/let TS = extract_ms(T4, ms) in/let TS = seen(T4) in/
s/^fun extract_ms.*$/fun seen(bitstring): key./
