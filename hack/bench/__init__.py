"""The bench: real API servers, etcd, BIND and Redis on loopback, and stand-ins for what the operator watches over.

`make run` and the end-to-end tests are both made of it. hack.bench.bench.Bench is the whole topology in one
object; each part can also be started alone. Every process dies with ours and leaves no file.
"""
