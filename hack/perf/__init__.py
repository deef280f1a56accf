"""The measurements behind `make bench`, on the same real servers as `make run` and the end-to-end tests.

__main__            which figures, the table, build/bench.json
figures             one figure with its bound, and how all of them are shown
rig                 the hub alone: etcd with fsync, API server, BIND, Redis; namespaces full of planes and policies
wire, peers         what is seen from outside the operator: packets with the kernel's own times; servers that die
failover, storm, takeover, memory, probes, start, image
                    one row (or a few) of the table each
floors              what a single request costs on this machine, to judge the rest by
"""
