"""A Redis that refuses, is the wrong one, or whose lock is not ours: each is named, and the value there stays."""

import pytest

from gallery import CENTRAL, GOOD, WEST, Gallery
from hack.bench import pki, ports, process, wait
from hack.bench.redis_server import RedisServer

PASSWORD = "a-password-of-the-gallery"
LOADING_SECONDS = 8.0  # the operator has to see it, on a busy machine too


@pytest.fixture(scope="module")
def servers(bench):
    """Redis servers, each with a character of its own."""
    with process.Scratch() as scratch:
        ca = bench.authority
        narrow = f"narrow on >{PASSWORD} ~* +get +set +ping +select"
        found = {
            "plain": RedisServer(scratch, "plain"),
            "acl": RedisServer(scratch, "acl", users=("default off", narrow)),
            "primary": RedisServer(scratch, "primary"),
            "tls": RedisServer(scratch, "tls", authority=ca),
            "other-name": RedisServer(scratch, "other-name", authority=ca, identity=ca.server("redis.example.com")),
            "loading": RedisServer(scratch, "loading"),
        }
        found["replica"] = RedisServer(scratch, "replica", replica_of=found["primary"])
        for name, server in found.items():
            server.start()
            if name != "other-name":  # whose name the bench's own client refuses as well
                server.ready()
        yield found


@pytest.fixture(scope="module")
def gallery(bench, servers):
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        put_secrets(gallery)
        for name, (changes, server) in POLICIES.items():
            add(gallery, name, changes, servers.get(server))
        put_locks(gallery.scene.redis)
        servers["primary"].client().set("replica", WEST)
        servers["loading"].client().set("loading", WEST)
        servers["loading"].restart_loading(LOADING_SECONDS)
        gallery.run()
        yield gallery


def put_secrets(gallery):
    gallery.put_secret("wrong-password", {"password": "not-the-password"})
    gallery.put_secret("no-password", {"pass": "under-another-name"})
    gallery.put_secret("only-user", {"username": "planekeeper"})
    gallery.put_secret("narrow", {"username": "narrow", "password": PASSWORD})
    gallery.put_secret("other-ca", {"ca.crt": pki.Authority("another CA").cert})
    gallery.put_secret("no-ca", {"ca.crt": "-----BEGIN NONSENSE-----"})


def auth(secret):
    return {"authSecretRef": {"name": secret}}


def tls(ca):
    return {"authSecretRef": None, "tls": {"caSecretRef": {"name": ca}}}


NO_AUTH = {"authSecretRef": None}
POLICIES = {  # name -> (what differs in spec.redis, which server)
    GOOD: ({}, ""),
    "no-auth": (NO_AUTH, ""),
    "wrong-pass": (auth("wrong-password"), ""),
    "no-secret": (auth("nowhere"), ""),
    "no-key": (auth("no-password"), ""),
    "user-alone": (auth("only-user"), ""),
    "auth-unwanted": ({}, "plain"),
    "no-perm": (auth("narrow"), "acl"),
    "replica": (NO_AUTH, "replica"),
    "loading": (NO_AUTH, "loading"),
    "dead-port": ({"address": f"127.0.0.1:{ports.lease()}"}, ""),
    "db-too-high": ({"db": 5000}, ""),
    "not-tls": ({"tls": {}}, "plain"),
    "wants-tls": (NO_AUTH, "tls"),
    "wrong-ca": (tls("other-ca"), "tls"),
    "bad-ca": (tls("no-ca"), "tls"),
    "no-ca-secret": (tls("nowhere"), "tls"),
    "wrong-name": (tls("relay-ca"), "other-name"),
    **{
        name: ({}, "")
        for name in ("not-ours", "other-plane", "odd-bytes", "huge", "empty", "absent", "hash", "expires")
    },
    "owned": ({}, ""),
    "odd-stamp": ({}, ""),
}


def add(gallery, name, changes, server):
    gallery.add(name, {"redis": changes}, lock=True, server=server)
    if not server:
        gallery.scene.redis.set(name, WEST)


def put_locks(client):
    """What stands in the lock before the operator comes, where that is the case."""
    client.set("not-ours", "us-east-1")
    client.set("other-plane", CENTRAL)
    client.set("odd-bytes", b"\xff\xfe" + WEST.encode())
    client.set("huge", "x" * 5000)
    client.set("empty", "")
    client.delete("absent", "hash")
    client.hset("hash", "active", WEST)
    client.expire("expires", 3600)
    client.set("{owned}:planekeeper", f"v=pk1 e=9 id=00000000000000bb p={WEST} s=k8s/other/ns/x")
    client.set("{odd-stamp}:planekeeper", b"v=pk9 \xff\x00\xfe")


STALLED = {
    "no-auth": ("TargetRefused", "NOAUTH Authentication required.: set redis.authSecretRef"),
    "wrong-pass": ("TargetRefused", "WRONGPASS .*: check username and password in the Secret"),
    "no-secret": ("CredentialsInvalid", r"Secret \S+/nowhere, which spec.redis.authSecretRef names, is not found"),
    "no-key": (
        "CredentialsInvalid",
        r"Secret \S+/no-password, which spec.redis.authSecretRef names, cannot be used: key password is missing; its "
        "keys: pass; expected: password, and username where",
    ),
    "user-alone": ("CredentialsInvalid", "key password is missing; its keys: username; expected: password"),
    "auth-unwanted": (
        "TargetRefused",
        "AUTH <password> called without any password configured.*: check redis.authSecretRef",
    ),
    "no-perm": (
        "TargetRefused",
        r"NOPERM .*: grant the user \+eval \+type \+pttl \+get \+mset \+select \+info \+wait on the lock's key",
    ),
    "db-too-high": ("TargetRefused", "DB index is out of range: check redis.db"),
    "wrong-ca": (
        "TargetRefused",
        "its certificate is refused: .*self.signed certificate in certificate chain; check redis.tls",
    ),
    "bad-ca": (
        "CredentialsInvalid",
        r"Secret \S+/no-ca, which spec.redis.tls.caSecretRef names, cannot be used: the CA is no PEM certificate; its "
        r"keys: ca\.crt; expected: ca\.crt, with certificates in PEM",
    ),
    "no-ca-secret": ("CredentialsInvalid", r"Secret \S+/nowhere, which spec.redis.tls.caSecretRef names, is not found"),
    "wrong-name": ("TargetRefused", "its certificate is refused: IP address mismatch; check redis.tls"),
    "not-ours": (
        "UnknownTarget",
        'lock not-ours holds "us-east-1" at .*, where "eu-west-1" is expected.*switch-to=eu-west-1/1',
    ),
    "other-plane": ("UnknownTarget", 'shows eu-west-1, but lock other-plane holds "eu-central-1"'),
    "odd-bytes": ("UnknownTarget", r'lock odd-bytes holds "\?\?eu-west-1"'),
    "huge": ("TargetRefused", "key huge holds 5000 bytes, which is no lock; choose another lock key"),
    "empty": ("UnknownTarget", 'lock empty holds "nothing"'),
    "absent": ("UnknownTarget", "lock absent is absent at .*adopt=eu-west-1/1"),
    "hash": ("TargetRefused", "key hash holds a hash, not a text; choose another lock key"),
    "expires": ("TargetRefused", "key expires expires, but a lock moves and never expires; PERSIST it"),
    "owned": (
        "ForeignOwner",
        'owned belongs to another owner: "v=pk1 e=9 id=00000000000000bb p=eu-west-1 s=k8s/other/ns/x"',
    ),
    "odd-stamp": ("StampUnreadable", r'cannot be read: "v=pk9 \?+"'),
}


def test_loading_is_waited_for(gallery, servers):
    gallery.wait_retrying("loading", "TargetUnavailable", "LOADING .*: it is loading its data")
    wait.until("loaded", lambda: servers["loading"].client().get("loading") == WEST, 2 * LOADING_SECONDS)
    gallery.wait_good("loading")


@pytest.mark.parametrize("case", STALLED)
def test_what_needs_a_person_stalls(gallery, case):
    gallery.wait_stalled(case, *STALLED[case])
    gallery.assert_untouched(case)


RETRYING = {
    "dead-port": "cannot connect to 127.0.0.1:[0-9]+: Connection refused",
    "not-tls": "does it speak TLS",
    "wants-tls": "closed the connection without a reply",
}


@pytest.mark.parametrize("case", RETRYING)
def test_a_server_that_does_not_answer_is_retried(gallery, case):
    gallery.wait_retrying(case, "TargetUnavailable", RETRYING[case])
    gallery.assert_untouched(case)


def test_a_replica_is_read_and_its_refusal_told(gallery, servers):
    """It shows the right value, so that the plane is known and healthy; that the lock cannot be written is Degraded."""
    message = "READONLY .*: it is a replica: promote it or point redis.address at the primary"
    gallery.wait_condition("replica", "Degraded", "True", "MechanismUnreachable", message)
    gallery.wait_condition("replica", "Ready", "True", "Steady", f"lock replica lacks epoch 1: .*{message}")
    assert servers["replica"].client().get("{replica}:planekeeper") is None
    servers["replica"].promote()
    gallery.wait_good("replica")
    assert servers["replica"].client().get("{replica}:planekeeper").startswith("v=pk1 e=1 ")


def test_the_good_one_is_not_disturbed(gallery):
    gallery.wait_good()
    gallery.assert_memory_is_bounded()


def test_what_is_mended_heals(gallery):
    gallery.put_secret("wrong-password", {"password": gallery.bench.redis.password})
    gallery.put_secret("nowhere", {"password": gallery.bench.redis.password})
    gallery.scene.redis.persist("expires")
    for case in ("wrong-pass", "no-secret", "expires"):
        gallery.wait_good(case)


def test_a_value_that_is_not_ours_is_drift_once_adopted(gallery):
    """A person's edit is reported, not fought. The operator is away meanwhile: it reads at once when it comes."""
    client = gallery.scene.redis
    message = 'lock good holds "somebody-else", recorded is "eu-west-1"'
    gallery.operator.stop()
    client.set(GOOD, "somebody-else")
    gallery.operator.run()
    gallery.wait_condition(GOOD, "Drift", "True", "Drift", message)
    gallery.wait_condition(GOOD, "Ready", "False", "Drift", f"{message}: put it back")
    assert client.get(GOOD) == "somebody-else"
    gallery.operator.stop()
    client.set(GOOD, WEST)
    gallery.operator.run()
    gallery.wait_condition(GOOD, "Drift", "False")
    gallery.wait_good()
