"""A CronJob in each plane's cluster that a policy fences, and what it is judged by."""

from world import CENTRAL, WEST, stamp

from hack.bench import objects, wait
from hack.bench.bench import PLANE_ACCOUNT

NAME, STAMP = "sync", "planekeeper.io/stamp"
PLANES = (WEST, CENTRAL)


def cron_job(namespace):
    pod = {"restartPolicy": "Never", "containers": [{"name": "sync", "image": "sync"}]}
    spec = {"schedule": "* * * * *", "suspend": False, "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": NAME, "namespace": namespace}, "spec": spec}


def fence(scene, **changes):
    thing = {"apiVersion": "batch/v1", "resource": "cronjobs", "namespace": scene.namespace, "name": NAME, "path": "/spec/suspend", "active": False, "standby": True}
    return {"fence": [{"name": NAME, "object": {**thing, **changes}}]}


class Side:
    """The object in one plane's cluster, and what the page of this driver grants for it."""

    def __init__(self, scene, plane):
        self.scene, self.plane, self.cluster, self.namespace = scene, plane, scene.bench.clusters[plane], scene.namespace
        self.cluster.ensure_namespace(self.namespace)
        self.cluster.admin.put(cron_job(self.namespace))
        self.grant("get", "patch")

    def grant(self, *verbs):
        rule = {"apiGroups": ["batch"], "resources": ["cronjobs"], "resourceNames": [NAME], "verbs": list(verbs)}
        meta = {"name": "planekeeper-fence", "namespace": self.namespace}
        api = "rbac.authorization.k8s.io"
        self.cluster.admin.put({"apiVersion": f"{api}/v1", "kind": "Role", "metadata": meta, "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": PLANE_ACCOUNT, "namespace": objects.MGMT_NAMESPACE}
        ref = {"apiGroup": api, "kind": "Role", "name": meta["name"]}
        self.cluster.admin.put({"apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]})

    def get(self):
        return self.cluster.admin.get("CronJob", NAME, self.namespace)

    def is_suspended(self):
        return self.get()["spec"]["suspend"]

    def check(self, active, epoch):
        found = self.get()
        seen = stamp(found["metadata"].get("annotations", {}).get(STAMP))
        assert (found["spec"]["suspend"], seen.plane, seen.epoch) == (self.plane != active, active, epoch)
        assert found["spec"]["schedule"] == "* * * * *"
        return True


class Sides:
    def __init__(self, scene):
        self.of = {plane: Side(scene, plane) for plane in PLANES}

    def __getitem__(self, plane):
        return self.of[plane]

    def wait(self, active, epoch, timeout=30.0):
        for side in self.of.values():
            wait.until(f"{side.plane} under epoch {epoch}", lambda side=side: side.check(active, epoch), timeout)
