/* options.c -- the command line, by glibc's argp. */
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "probe/stub.h"
#include "runtime/status_server.h"
#include "util/text.h"

#ifndef PK_VERSION
#define PK_VERSION "unknown"
#endif

const char *argp_program_version = "planekeeper " PK_VERSION;

enum { NAMESPACE_BYTES_MAX = 63, LEASE_NAME_BYTES_MAX = 253 };

enum flag {
        OPTION_KUBECONFIG = 256,
        OPTION_CONTEXT,
        OPTION_NAMESPACE,
        OPTION_LEADER_ELECT,
        OPTION_LEASE_DURATION,
        OPTION_RENEW_DEADLINE,
        OPTION_RETRY_PERIOD,
        OPTION_ELECTION_ID,
        OPTION_ELECTION_NAMESPACE,
        OPTION_METRICS_ADDRESS,
        OPTION_HEALTH_ADDRESS,
        OPTION_REGION,
        OPTION_LOG_LEVEL,
        OPTION_LOG_ENCODING,
        OPTION_STANDBY_PROBES,
        OPTION_MAX_SWITCHES,
        OPTION_PREPARE,
        OPTION_KUBECONFIG_EXEC,
        OPTION_KUBECONFIG_FILES,
        OPTION_KUBECONFIG_HTTP,
        OPTION_KUBECONFIG_TLS,
        OPTION_RESOLVER,
        OPTION_AWS_INSTANCE_METADATA,
        OPTION_PRINT_RULES,
};

static const struct argp_option argp_options[] = {
    {"kubeconfig", OPTION_KUBECONFIG, "FILE", 0,
     "kubeconfig to use; default $KUBECONFIG, then the Pod's own, then ~/.kube/config", 0},
    {"context", OPTION_CONTEXT, "NAME", 0, "context of that kubeconfig; default its current one", 0},
    {"namespace", OPTION_NAMESPACE, "NAME", 0, "watch this namespace only; default all", 0},
    {"region", OPTION_REGION, "NAME", 0, "region that the operator runs in, named as in the planes; default unknown",
     0},
    {"standby-probes", OPTION_STANDBY_PROBES, "BOOL", OPTION_ARG_OPTIONAL,
     "probe while another replica leads, so that a takeover has history; default true", 0},
    {"max-switches-per-minute", OPTION_MAX_SWITCHES, "N", 0,
     "automatic switches over all policies in a minute; default 0, no limit; at most 64", 0},
    {"prepare-failovers", OPTION_PREPARE, "BOOL", OPTION_ARG_OPTIONAL,
     "record a failover one failure before it is due, so that it waits for no write; every replica has to know of it; "
     "default false",
     0},
    {"resolver", OPTION_RESOLVER, "SERVERS", 0,
     "DNS servers that are asked for the host names of planes, address or address:port with commas between, at most "
     "three; "
     "they must answer as those that agents ask; default the nameservers of /etc/resolv.conf",
     0},
    {"leader-elect", OPTION_LEADER_ELECT, "BOOL", OPTION_ARG_OPTIONAL, "elect a leader among replicas; default false",
     1},
    {"leader-election-id", OPTION_ELECTION_ID, "NAME", 0, "name of the Lease; default planekeeper", 1},
    {"leader-election-namespace", OPTION_ELECTION_NAMESPACE, "NAME", 0,
     "namespace of the Lease and of ConfigMap planekeeper (kill switch); default $POD_NAMESPACE, else the Pod's, else "
     "the kubeconfig's",
     1},
    {"leader-elect-lease-duration", OPTION_LEASE_DURATION, "DURATION", 0,
     "others take over after this without renewal; default 5s", 1},
    {"leader-elect-renew-deadline", OPTION_RENEW_DEADLINE, "DURATION", 0,
     "stop leading after this without renewal; default 3s", 1},
    {"leader-elect-retry-period", OPTION_RETRY_PERIOD, "DURATION", 0, "time between renewals; default 1s", 1},
    {"metrics-bind-address", OPTION_METRICS_ADDRESS, "ADDRESS", 0,
     "where /metrics is served; default :8080; 0 turns it off", 2},
    {"health-probe-bind-address", OPTION_HEALTH_ADDRESS, "ADDRESS", 0,
     "where /healthz and /readyz are served; default :8081; 0 turns them off", 2},
    {"log-level", OPTION_LOG_LEVEL, "LEVEL", 0, "debug, info, warn or error; default info", 2},
    {"log-encoding", OPTION_LOG_ENCODING, "FORM", 0, "json or text; default json", 2},
    {"insecure-kubeconfig-exec", OPTION_KUBECONFIG_EXEC, "BOOL", OPTION_ARG_OPTIONAL,
     "run exec plugins that a kubeconfig in a Secret names: whoever may write the Secret then runs commands here; "
     "default false",
     3},
    {"insecure-kubeconfig-files", OPTION_KUBECONFIG_FILES, "BOOL", OPTION_ARG_OPTIONAL,
     "read files that a kubeconfig in a Secret names; default false", 3},
    {"insecure-kubeconfig-http", OPTION_KUBECONFIG_HTTP, "BOOL", OPTION_ARG_OPTIONAL,
     "take a kubeconfig whose server is http://: its token can be read, and its answers be changed, on the way; "
     "default false",
     3},
    {"insecure-kubeconfig-tls", OPTION_KUBECONFIG_TLS, "BOOL", OPTION_ARG_OPTIONAL,
     "take a kubeconfig with insecure-skip-tls-verify: anybody can answer for that API server; default false", 3},
    {"aws-instance-metadata", OPTION_AWS_INSTANCE_METADATA, "BOOL", OPTION_ARG_OPTIONAL,
     "where nothing else gives AWS credentials, ask the instance metadata for the role of the node: every Pod that "
     "reaches it has the same rights; default false",
     3},
    {"print-rules", OPTION_PRINT_RULES, NULL, 0, "print the failover state machine and exit", 4},
    {0},
};

static bool flag_value(struct argp_state *state, const char *name, const char *text)
{
        if (!text || strcmp(text, "true") == 0)
                return true;
        if (strcmp(text, "false") != 0)
                argp_error(state, "--%s=%s: write true or false", name, text);
        return false;
}

static mono_ms duration_value(struct argp_state *state, const char *name, const char *text)
{
        mono_ms value = text_to_duration(text);
        if (value < 100 || value > 3600000)
                argp_error(state, "--%s=%s: write a duration from 100ms to 1h, such as 5s", name, text);
        return value;
}

static unsigned count_value(struct argp_state *state, const char *name, const char *text)
{
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        if (*end || end == text || value > 64)
                argp_error(state, "--%s=%s: write a number from 0 to 64", name, text);
        return (unsigned)value;
}

static const char *resolver_value(struct argp_state *state, const char *text)
{
        struct stub_server servers[STUB_SERVERS_MAX];
        if (!stub_servers_parse(text, servers))
                argp_error(state,
                           "--resolver=%s: write up to three IP addresses, such as 192.0.2.53:53,[2001:db8::53]:53",
                           text);
        return text;
}

static const char *name_value(struct argp_state *state, const char *name, const char *text)
{
        if (!text[0])
                argp_error(state, "--%s= is empty: write a name, or leave the flag out", name);
        return text;
}

static size_t choice_value(struct argp_state *state, const char *name, const char *text, const char *const *choices)
{
        size_t i = 0;
        while (choices[i] && strcmp(choices[i], text) != 0)
                i++;
        if (!choices[i])
                argp_error(state, "--%s=%s: write one of the words that --help names", name, text);
        return i;
}

static error_t parse_manager(int key, char *text, struct argp_state *state, struct manager_options *manager)
{
        switch (key) {
        case OPTION_NAMESPACE:
                manager->namespace_name = text[0] ? text : NULL;
                return 0;
        case OPTION_REGION:
                manager->region = text;
                return 0;
        case OPTION_STANDBY_PROBES:
                manager->standby_probes = flag_value(state, "standby-probes", text);
                return 0;
        case OPTION_MAX_SWITCHES:
                manager->max_switches_per_minute = count_value(state, "max-switches-per-minute", text);
                return 0;
        case OPTION_PREPARE:
                manager->prepares_failovers = flag_value(state, "prepare-failovers", text);
                return 0;
        case OPTION_RESOLVER:
                manager->resolver = resolver_value(state, text);
                return 0;
        case OPTION_LEADER_ELECT:
                manager->leader_elect = flag_value(state, "leader-elect", text);
                return 0;
        case OPTION_ELECTION_ID:
                manager->election_id = name_value(state, "leader-election-id", text);
                return 0;
        case OPTION_ELECTION_NAMESPACE:
                manager->own_namespace = name_value(state, "leader-election-namespace", text);
                return 0;
        case OPTION_LEASE_DURATION:
                manager->lease_ms = duration_value(state, "leader-elect-lease-duration", text);
                return 0;
        case OPTION_RENEW_DEADLINE:
                manager->renew_deadline_ms = duration_value(state, "leader-elect-renew-deadline", text);
                return 0;
        case OPTION_RETRY_PERIOD:
                manager->retry_ms = duration_value(state, "leader-elect-retry-period", text);
                return 0;
        case OPTION_KUBECONFIG_EXEC:
                manager->kubeconfig_exec = flag_value(state, "insecure-kubeconfig-exec", text);
                return 0;
        case OPTION_KUBECONFIG_FILES:
                manager->kubeconfig_files = flag_value(state, "insecure-kubeconfig-files", text);
                return 0;
        case OPTION_KUBECONFIG_HTTP:
                manager->kubeconfig_http = flag_value(state, "insecure-kubeconfig-http", text);
                return 0;
        case OPTION_KUBECONFIG_TLS:
                manager->kubeconfig_unverified = flag_value(state, "insecure-kubeconfig-tls", text);
                return 0;
        default:
                return ARGP_ERR_UNKNOWN;
        }
}

static void check_election_times(struct argp_state *state, const struct manager_options *manager)
{
        if (manager->lease_ms <= manager->renew_deadline_ms)
                argp_error(state, "--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline");
        if (manager->renew_deadline_ms * 10 < manager->retry_ms * 12)
                argp_error(state,
                           "--leader-elect-renew-deadline must be at least 1.2 times --leader-elect-retry-period");
}

/* A value that stands apart would be taken for a word of its own, and the flag for true. */
static void find_flag_apart(const struct argp_state *state, struct options *options)
{
        for (int i = 1; i + 1 < state->argc; i++) {
                const char *flag = state->argv[i], *next = state->argv[i + 1];
                for (const struct argp_option *option = argp_options; flag[0] == '-' && option->name; option++)
                        if ((option->flags & OPTION_ARG_OPTIONAL) && flag[1] == '-' &&
                            strcmp(flag + 2, option->name) == 0 && next[0] != '-')
                                options->flag_apart = flag;
        }
}

static bool is_object_name(const char *text, size_t max, bool may_have_dots)
{
        size_t bytes = strlen(text);
        bool is_good = bytes > 0 && bytes <= max;
        for (size_t i = 0; i < bytes && is_good; i++) {
                bool is_inner = i > 0 && i + 1 < bytes && text[i - 1] != '.';
                bool is_plain = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');
                is_good = is_plain || (is_inner && (text[i] == '-' || (may_have_dots && text[i] == '.')));
        }
        return is_good;
}

static void check_names(struct argp_state *state, const struct manager_options *manager)
{
        if (manager->namespace_name && !is_object_name(manager->namespace_name, NAMESPACE_BYTES_MAX, false))
                argp_error(state, "--namespace=%s: write the name of one namespace", manager->namespace_name);
        if (manager->own_namespace && !is_object_name(manager->own_namespace, NAMESPACE_BYTES_MAX, false))
                argp_error(state, "--leader-election-namespace=%s: write the name of a namespace",
                           manager->own_namespace);
        if (!is_object_name(manager->election_id, LEASE_NAME_BYTES_MAX, true))
                argp_error(state, "--leader-election-id=%s: write the name of a Lease: lower-case letters, digits, '-'",
                           manager->election_id);
}

static void check_address(struct argp_state *state, const char *flag, const char *address)
{
        struct errmsg why;
        if (strcmp(address, "0") != 0 && status_server_check(address, flag, &why) != ERR_OK)
                argp_error(state, "%s", why.text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
        static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
        static const char *const encodings[] = {"json", "text", NULL};
        struct options *options = state->input;
        switch (key) {
        case OPTION_KUBECONFIG:
                options->kubeconfig = text;
                return 0;
        case OPTION_CONTEXT:
                options->context = text;
                return 0;
        case OPTION_METRICS_ADDRESS:
                options->metrics_address = text;
                return 0;
        case OPTION_HEALTH_ADDRESS:
                options->health_address = text;
                return 0;
        case OPTION_LOG_LEVEL:
                options->log_level = (enum log_level)choice_value(state, "log-level", text, levels);
                return 0;
        case OPTION_LOG_ENCODING:
                options->log_encoding = (enum log_encoding)choice_value(state, "log-encoding", text, encodings);
                return 0;
        case OPTION_AWS_INSTANCE_METADATA:
                options->aws.use_instance_metadata = flag_value(state, "aws-instance-metadata", text);
                return 0;
        case OPTION_PRINT_RULES:
                options->print_rules = true;
                return 0;
        case ARGP_KEY_ARG:
                if (options->flag_apart)
                        argp_error(state, "%s %s: write %s=%s", options->flag_apart, text, options->flag_apart, text);
                argp_error(state, "unexpected word \"%s\": everything is given by flags", text);
                return EINVAL;
        case ARGP_KEY_INIT:
                find_flag_apart(state, options);
                return 0;
        case ARGP_KEY_END:
                check_election_times(state, &options->manager);
                check_names(state, &options->manager);
                check_address(state, "--metrics-bind-address", options->metrics_address);
                check_address(state, "--health-probe-bind-address", options->health_address);
                return 0;
        default:
                return parse_manager(key, text, state, &options->manager);
        }
}

void options_parse(int argc, char **argv, struct options *ret)
{
        *ret = (struct options){
            .manager = {.region = "",
                        .election_id = "planekeeper",
                        .lease_ms = 5000,
                        .renew_deadline_ms = 3000,
                        .retry_ms = 1000,
                        .standby_probes = true},
            .metrics_address = ":8080",
            .health_address = ":8081",
            .log_level = LOG_INFO,
            .log_encoding = LOG_JSON,
        };
        static const struct argp argp = {
            .options = argp_options,
            .parser = parse,
            .doc =
                "Planekeeper keeps a multi-cluster management plane alive: it watches ManagementPlane and "
                "FailoverPolicy resources, "
                "checks every management cluster, and moves the DNS record and the Redis lock when the active one "
                "is lost.\v`planekeeper explain FILE` says why it acted, or did not: see `planekeeper explain --help`.",
        };
        argp_err_exit_status = 2;
        (void)argp_parse(&argp, argc, argv, 0, NULL, ret);
}
