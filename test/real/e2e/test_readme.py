"""What README tells a reader to write elsewhere; its commands are in test_make_targets."""

import re

from world import CENTRAL, WEST, arrange, wait_world

from hack.bench import tools, wait

EXAMPLE = "mesh.example.com"


def test_the_grants_that_it_names_are_enough(scene):
    bind = scene.bench.bind
    grants = re.findall(r"grant planekeeper name [^;]*;", (tools.ROOT / "README.md").read_text())
    assert len(grants) == 2
    zone = scene.zone = f"grants-{scene.db}.example.com"
    scene.dns_name = f"gloo-mgmt.{zone}"
    policy = " ".join(grants).replace(EXAMPLE, zone)
    (bind.folder / f"{zone}.db").write_text(
        f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns1 admin 1 3600 600 86400 1\n@ NS ns1\nns1 A 127.0.0.1\n"
    )
    bind.rndc("addzone", zone, f'{{ type primary; file "{zone}.db"; update-policy {{ {policy} }}; }};')
    bind.zones.append(zone)
    wait.until(f"zone {zone}", lambda: bind.serial(zone))
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
