/* main.c -- the composition root: parse, wire, run, exit code. */
#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/rules.h"
#include "explain/explain.h"
#include "kube/config.h"
#include "options.h"
#include "reconcile/manager.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/status_server.h"
#include "runtime/wiping_heap.h"
#include "util/mem.h"

/* SIGTERM: release the Lease, and be gone within two seconds whatever happens. */
enum { STOP_LIMIT_MS = 1500, GIVE_BACK_EVERY_MS = 30000 };

struct program {
        struct loop *loop;
        struct manager manager;
        struct status_server *metrics, *health;
        struct loop_timer stop_limit, give_back;
        bool stopping;
};

static void stop_now(struct program *program)
{
        loop_stop(program->loop);
}

static void stopped(void *ctx)
{
        stop_now(ctx);
}

static void stop_limit_reached(struct loop_timer *timer)
{
        stop_now(CONTAINER_OF(timer, struct program, stop_limit));
}

/* After a storm most pages of the heap hold nothing. It takes half a millisecond. */
static void give_memory_back(struct loop_timer *timer)
{
        struct program *program = CONTAINER_OF(timer, struct program, give_back);
        (void)malloc_trim(0);
        loop_timer_set(program->loop, timer, loop_now(program->loop) + GIVE_BACK_EVERY_MS);
}

static void on_signal(void *ctx, int signal_number)
{
        struct program *program = ctx;
        bool is_to_stop = signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGHUP ||
                          signal_number == SIGQUIT;
        if (!is_to_stop)
                log_line(LOG_WARN, "main", "a signal that means nothing here is ignored",
                         LOG_TEXT_FIELD("signal", strsignal(signal_number)),
                         LOG_NUMBER_FIELD("number", signal_number));
        if (!is_to_stop || program->stopping)
                return;
        program->stopping = true;
        log_line(LOG_INFO, "main", "stopping", LOG_TEXT_FIELD("signal", strsignal(signal_number)));
        loop_timer_set(program->loop, &program->stop_limit, loop_now(program->loop) + STOP_LIMIT_MS);
        manager_stop(&program->manager, stopped, program);
}

static bool is_ready(void *ctx, struct strbuf *why)
{
        const struct program *program = ctx;
        return manager_is_ready(&program->manager, why);
}

static int fail(const struct errmsg *why)
{
        log_line(LOG_ERROR, "main", "cannot start", LOG_TEXT_FIELD("error", why->text));
        return EXIT_FAILURE;
}

static void prepare_process(void)
{
        /* Few arenas and an early trim keep the promised resident memory: one thread allocates nearly everything. */
        (void)mallopt(M_ARENA_MAX, 2);
        (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
        struct rlimit files;
        if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
                files.rlim_cur = files.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &files);
        }
        wiping_heap_install();
        json_object_seed(0); /* before the first thread */
}

/* The variables of AWS's own tools. Nothing else reads them. */
static void read_aws_environment(struct aws_environment *aws)
{
        const struct {
                const char *name;
                const char **text;
        } variables[] = {
                {"AWS_ACCESS_KEY_ID", &aws->access_key_id},
                {"AWS_SECRET_ACCESS_KEY", &aws->secret_access_key},
                {"AWS_SESSION_TOKEN", &aws->session_token},
                {"AWS_DEFAULT_REGION", &aws->region},
                {"AWS_REGION", &aws->region}, /* after the default one, whose place it takes */
                {"AWS_ROLE_ARN", &aws->role_arn},
                {"AWS_WEB_IDENTITY_TOKEN_FILE", &aws->web_identity_token_file},
                {"AWS_ROLE_SESSION_NAME", &aws->role_session_name},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI", &aws->container_full_uri},
                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &aws->container_relative_uri},
                {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &aws->container_token_file},
                {"AWS_CONTAINER_AUTHORIZATION_TOKEN", &aws->container_token},
                {"AWS_ENDPOINT_URL_STS", &aws->sts_endpoint},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT", &aws->instance_endpoint},
        };
        for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
                const char *text = getenv(variables[i].name);
                if (text && text[0])
                        *variables[i].text = text;
        }
}

static void make_identity(char *ret_text, size_t size)
{
        char host[128] = "planekeeper";
        unsigned char random[4];
        (void)gethostname(host, sizeof(host) - 1);
        INVARIANT(RAND_bytes(random, sizeof(random)) == 1);
        (void)snprintf(ret_text, size, "%s_%02x%02x%02x%02x", host, random[0], random[1], random[2], random[3]);
}

static enum err open_servers(struct program *program, const struct options *options, struct errmsg *reterr)
{
        enum err err = status_server_open(program->loop, options->metrics_address, "--metrics-bind-address", true,
                                          strcmp(options->metrics_address, options->health_address) == 0, is_ready,
                                          program, &program->metrics, reterr);
        if (err != ERR_OK || strcmp(options->metrics_address, options->health_address) == 0)
                return err;
        return status_server_open(program->loop, options->health_address, "--health-probe-bind-address", false, true,
                                  is_ready, program, &program->health, reterr);
}

static int run(struct options *options)
{
        struct errmsg why;
        struct kube_config config, election_config;
        const struct kube_config_policy channel = {.allow_http = options->manager.kubeconfig_http,
                                                   .allow_unverified = options->manager.kubeconfig_unverified};
        if (kube_config_load(options->kubeconfig, options->context, &channel, &config, &why) != ERR_OK)
                return fail(&why);
        if (kube_config_load(options->kubeconfig, options->context, &channel, &election_config, &why) != ERR_OK)
                return fail(&why);
        char identity[160];
        make_identity(identity, sizeof(identity));
        const char *pod_namespace = getenv("POD_NAMESPACE");
        char *own_namespace = mem_strdup(pod_namespace && pod_namespace[0] ? pod_namespace : config.namespace_name);
        options->manager.identity = identity;
        read_aws_environment(&options->aws);
        options->manager.aws = &options->aws;
        if (!options->manager.own_namespace)
                options->manager.own_namespace = own_namespace;
        struct program program = {.stop_limit.due = stop_limit_reached, .give_back.due = give_memory_back};
        program.loop = loop_open();
        give_memory_back(&program.give_back);
        loop_on_signal(program.loop, on_signal, &program);
        log_line(
            LOG_INFO, "main", "starting", LOG_TEXT_FIELD("identity", identity), LOG_TEXT_FIELD("server", config.server),
            LOG_TEXT_FIELD("namespace", options->manager.namespace_name ? options->manager.namespace_name : "(all)"));
        int status = EXIT_SUCCESS;
        /* A replica that cannot answer its liveness probe would be killed while it leads. */
        if (open_servers(&program, options, &why) == ERR_OK) {
                manager_open(&program.manager, program.loop, &config, &election_config, &options->manager);
                loop_run(program.loop);
        } else {
                status = fail(&why);
                kube_config_clear(&config);
                kube_config_clear(&election_config);
        }
        status_server_close(program.metrics);
        status_server_close(program.health);
        loop_timer_stop(program.loop, &program.give_back);
        loop_timer_stop(program.loop, &program.stop_limit);
        if (status == EXIT_SUCCESS)
                manager_close(&program.manager);
        loop_close(program.loop);
        free(own_namespace);
        log_plain(LOG_INFO, "main", "stopped");
        return status;
}

/* Descriptors 0 to 2 that are closed would be the next socket's: what is logged would go to a server. */
static void open_standard_descriptors(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
                        abort();
}

static int print_rules(void)
{
        struct strbuf dump = STRBUF_INIT(1 << 16);
        rules_print(&dump);
        int status = fputs(strbuf_text(&dump), stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        strbuf_deinit(&dump);
        return status;
}

int main(int argc, char **argv)
{
        open_standard_descriptors();
        if (argc > 1 && strcmp(argv[1], "explain") == 0)
                return explain_main(argc - 1, argv + 1);
        struct options options;
        options_parse(argc, argv, &options);
        if (options.print_rules)
                return print_rules();
        log_setup(options.log_level, options.log_encoding);
        log_start();
        prepare_process();
        int status = run(&options);
        curl_global_cleanup();
        log_stop();
        return status;
}
