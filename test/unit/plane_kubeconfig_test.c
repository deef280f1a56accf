/* plane_kubeconfig_test.c -- the client of a plane's own cluster: files that are not read to the end, and a cluster that
 * is another one by now. */
#include "policy_rig.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reconcile/plane.h"
#include "util/mem.h"
#include "util/text.h"

static char folder[64], fifo[96], token_file[96];
static const char *cluster_uid; /* of the plane's own cluster; NULL: it cannot say */

static int open_case(void **state)
{
        (void)TEXT_COPY(folder, "/tmp/plane-kubeconfig-XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        (void)snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
        (void)snprintf(token_file, sizeof(token_file), "%s/token", folder);
        FILE *file = fopen(token_file, "w");
        if (!file || fputs("token", file) < 0 || fclose(file) || mkfifo(fifo, 0600))
                return -1;
        cluster_uid = "elsewhere";
        return rig_open(state);
}

static int close_case(void **state)
{
        (void)unlink(fifo);
        (void)unlink(token_file);
        (void)rmdir(folder);
        return rig_close(state);
}

static void on_plane_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        char body[128];
        (void)ctx;
        (void)snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"%s\"}}",
                       cluster_uid ? cluster_uid : "");
        fake_answer(peer, !cluster_uid ? 503 : strstr(request->target, "/kube-system") ? 200 : 404, "", body);
}

static void put_secret(struct rig *rig, const struct fake_api *cluster, const char *version, const char *user)
{
        char text[512];
        unsigned char base64[1024];
        int bytes = snprintf(text, sizeof(text),
                             "{\"current-context\": c, \"contexts\": [{\"name\": c, \"context\": {\"cluster\": c, "
                             "\"user\": c}}], \"clusters\": [{\"name\": c, \"cluster\": {\"server\": "
                             "\"http://127.0.0.1:%d\"}}], \"users\": [{\"name\": c, \"user\": {%s}}]}",
                             fake_api_port(cluster), user);
        assert_true(bytes > 0 && (size_t)bytes < sizeof(text));
        (void)EVP_EncodeBlock(base64, (const unsigned char *)text, bytes);
        json_decref(rig->secret);
        rig->secret = json_pack("{s:{s:s, s:s, s:s}, s:{s:s}}", "metadata", "name", "kc", "namespace", "ns",
                                "resourceVersion", version, "data", "value", (const char *)base64);
        assert_non_null(rig->secret);
}

static struct plane *put_plane(struct rig *rig)
{
        json_t *object = json_pack("{s:{s:s, s:s, s:s, s:s, s:i}, s:{s:{s:{s:s}}, s:{s:s, s:i}}}", "metadata", "name",
                                   "c", "namespace", "ns", "uid", "c", "resourceVersion", "12", "generation", 1, "spec",
                                   "kubeConfig", "secretRef", "name", "kc", "server", "address", "127.0.0.1", "port",
                                   fake_api_port(rig->api));
        assert_non_null(object);
        struct plane *plane = plane_obtain(&rig->manager, "ns", "c");
        rig_keep(rig, object);
        plane_set(plane, object);
        json_decref(object);
        return plane;
}

static void start(struct rig *rig)
{
        rig_start(rig);
        rig->manager.options.kubeconfig_http = true;
        rig->manager.options.kubeconfig_files = true;
        rig->manager.file_readers = executor_open(rig->loop, 1, 4);
}

/* A worker that waits for a writer of the pipe, as one on a mount that hangs. */
struct held {
        struct job job;
        bool is_over;
};

static void wait_for_writer(struct job *job)
{
        (void)job;
        (void)close(open(fifo, O_RDONLY | O_CLOEXEC));
}

static void on_released(struct job *job)
{
        CONTAINER_OF(job, struct held, job)->is_over = true;
}

static void hold_worker(struct rig *rig, struct held *held)
{
        *held = (struct held){.job = {.run = wait_for_writer, .done = on_released}};
        assert_true(executor_submit(rig->manager.file_readers, &held->job));
}

static void release_worker(struct rig *rig, const struct held *held)
{
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)close(open(fifo, O_WRONLY | O_CLOEXEC));
        for (int i = 0; i < 10000 && (!held->is_over || executor_depth(rig->manager.file_readers)); i++) {
                (void)nanosleep(&pause, NULL);
                fake_turn(rig->loop);
        }
        assert_true(held->is_over);
        rig_pass(rig, 500);
}

/* They were read by the thread that must not wait: while the worker hangs there is no client. */
static void test_files_are_read_by_workers(void **state)
{
        struct rig *rig = *state;
        struct held held;
        char user[160];
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        (void)snprintf(user, sizeof(user), "\"tokenFile\": \"%s\"", token_file);
        put_secret(rig, cluster, "1", user);
        hold_worker(rig, &held);
        struct plane *plane = put_plane(rig);
        rig_pass(rig, 3000);
        assert_null(plane->kube);
        assert_null(plane->kube_error);
        rig_pass(rig, 4000);
        assert_string_equal(plane->kube_error, "Secret ns/kc key value: its files wait until those of other planes, "
                                               "which hang, are read: mend their mounts, or put the content inline");
        assert_false(plane->kube_needs_person);
        assert_true(plane_is_located(plane)); /* nobody waits for what cannot be asked */
        release_worker(rig, &held);
        assert_non_null(plane->kube);
        assert_null(plane->kube_error);
        fake_api_close(cluster);
}

static void test_a_secret_without_files_waits_for_no_worker(void **state)
{
        struct rig *rig = *state;
        struct held held;
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        put_secret(rig, cluster, "1", "\"token\": \"inline\"");
        hold_worker(rig, &held);
        struct plane *plane = put_plane(rig);
        rig_pass(rig, 1000);
        assert_non_null(plane->kube);
        release_worker(rig, &held);
        fake_api_close(cluster);
}

static void test_a_plane_that_goes_while_its_files_hang(void **state)
{
        struct rig *rig = *state;
        struct held held;
        char user[160];
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        (void)snprintf(user, sizeof(user), "\"tokenFile\": \"%s\"", token_file);
        put_secret(rig, cluster, "1", user);
        hold_worker(rig, &held);
        plane_set(put_plane(rig), NULL);
        struct plane *plane = put_plane(rig);
        rig_pass(rig, 1000);
        release_worker(rig, &held);
        assert_non_null(plane->kube);
        fake_api_close(cluster);
}

static void test_a_file_that_is_missing_is_tried_again(void **state)
{
        struct rig *rig = *state;
        char user[160], later[96];
        const struct timespec pause = {.tv_nsec = 1000000};
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        (void)snprintf(later, sizeof(later), "%s/later", folder);
        (void)snprintf(user, sizeof(user), "\"tokenFile\": \"%s\"", later);
        put_secret(rig, cluster, "1", user);
        struct plane *plane = put_plane(rig);
        for (int i = 0; i < 1000 && !plane->kube_error; i++) {
                (void)nanosleep(&pause, NULL);
                rig_pass(rig, 50);
        }
        assert_non_null(strstr(plane->kube_error, "users[0].user.tokenFile: "));
        assert_non_null(strstr(plane->kube_error, "/later: No such file"));
        assert_true(plane->kube_needs_person);
        assert_int_equal(rename(token_file, later), 0);
        for (int i = 0; i < 1000 && !plane->kube; i++) {
                (void)nanosleep(&pause, NULL);
                rig_pass(rig, 50);
        }
        assert_non_null(plane->kube);
        assert_null(plane->kube_error);
        (void)unlink(later);
        fake_api_close(cluster);
}

/* Its identity was read once: another cluster behind the same kubeconfig was taken for the first one for ever. */
static void test_another_cluster_behind_the_same_kubeconfig(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        put_secret(rig, cluster, "1", "\"token\": \"inline\"");
        struct plane *plane = put_plane(rig);
        rig_pass(rig, 1000);
        assert_string_equal(plane->cluster_uid, "elsewhere");
        assert_false(plane_holds_operator(plane));
        cluster_uid = "hub";
        rig_pass(rig, 11000);
        assert_true(plane_holds_operator(plane));
        cluster_uid = "another";
        rig_pass(rig, 11000);
        assert_false(plane_holds_operator(plane));
        fake_api_close(cluster);
}

/* The operator's own cluster is built anew, and with it the plane that it is: until that one is asked the operator is
 * inside it still. */
static void test_inside_a_plane_that_is_built_anew(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct fake_api *cluster = fake_api_open(rig->loop, on_plane_request, NULL);
        put_secret(rig, cluster, "1", "\"token\": \"inline\"");
        cluster_uid = "hub";
        struct plane *plane = put_plane(rig);
        rig_pass(rig, 1000);
        assert_true(plane_holds_operator(plane));
        cluster_uid = NULL;
        rig->hub_is_new = true;
        for (int i = 0; i < 30 && strcmp(rig->manager.identity.uid, "hub-2") != 0; i++) {
                rig_pass(rig, 1000);
                assert_true(plane_holds_operator(plane));
        }
        assert_string_equal(rig->manager.identity.uid, "hub-2");
        cluster_uid = "hub-2";
        rig_pass(rig, 20000);
        assert_true(plane_holds_operator(plane));
        cluster_uid = "hub";
        rig_pass(rig, 20000);
        assert_false(plane_holds_operator(plane));
        fake_api_close(cluster);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_case, close_case)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(test_files_are_read_by_workers),
            CASE(test_a_secret_without_files_waits_for_no_worker),
            CASE(test_a_plane_that_goes_while_its_files_hang),
            CASE(test_a_file_that_is_missing_is_tried_again),
            CASE(test_another_cluster_behind_the_same_kubeconfig),
            CASE(test_inside_a_plane_that_is_built_anew),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
