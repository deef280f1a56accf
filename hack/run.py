"""The show behind `make run`: two regions, one of which is lost, and what the operator makes of it.

--full   a whole region is lost, with the Redis primary under three Sentinels, and Flux delivers to the other one

With a terminal everything stays up afterwards, to be played with, until Ctrl-C; without one it ends by itself,
with exit status 0 only if the switch was seen in DNS and in Redis.
"""

import argparse
import contextlib
import signal
import sys

from hack.bench import kube, wait
from hack.bench.bench import Bench
from hack.bench.operator_process import binary
from hack.show import Show, headline, say
from hack.show_full import FullShow


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="two regions, one of which is lost")
    parser.add_argument("--full", action="store_true", help="with Redis Sentinel and Flux")
    is_full = parser.parse_args().full
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not binary().exists():
        say(f"{binary()} is missing: run make first")
        return 1
    headline("Starting the bench: three clusters, BIND, Redis, two management servers, all on loopback")
    bench = Bench(report=lambda line: say(f"  {line}"))
    try:
        bench.start()
        show = FullShow(bench) if is_full else Show(bench)
        try:
            show.open()
            seen = show.failover() and show.fail_back()
        except (kube.KubectlError, wait.Late) as error:
            say(f"\n{error}")
            seen = False
        crashed = [operator.name for operator in show.operators if operator.died_by_itself]
        if crashed:
            say(f"\nDied by themselves: {', '.join(crashed)}")
        if crashed or not seen:
            show.explain()
        if sys.stdin.isatty() and sys.stdout.isatty():
            with contextlib.suppress(KeyboardInterrupt):
                show.play()
        say("\nThe switch was seen in DNS and in Redis." if seen else "\nThe switch was NOT seen.")
        return 0 if seen and not crashed else 1
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        say("stopping everything")
        bench.close()


if __name__ == "__main__":
    sys.exit(main())
