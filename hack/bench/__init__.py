"""The bench: real API servers, etcd, BIND and Redis on loopback, and stand-ins for what the operator watches over.

`make run` and the end-to-end tests are both made of it. Every process dies with ours and leaves no file.

    bench.Bench                  the whole topology in one object
    scene.Scene                  namespace, zone and Redis database for one test on a running Bench
    kube, bind, redis_server     the real servers, each usable alone
    standins                     management server, agent, a hostile HTTP server
    operator_process             the operator itself, seen through its logs and ports
    relay, api_faults            wires that are cut, and an API server with bad days
    judges                       what kstatus, Flux, kubectl-validate, promtool and kube-score say
    process, ports, pki, wait    what all of them are made of
"""
