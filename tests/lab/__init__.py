"""The network world on one machine in which Sekisho is built, tried and shown.

Read `addresses` for the map, `world` for what stands where; `machine` and `wires` are what
it is made of. Nothing of the product knows that it runs here.
"""
