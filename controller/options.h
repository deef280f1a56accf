/*
 * options.h -- the command line, with kubebuilder's flag names, as one checked struct.
 *
 * Ownership: texts point into argv or at constants.
 * Errors:    printed with the flag's name and the remedy; the process then exits with 2.
 */
#ifndef PK_OPTIONS_H
#define PK_OPTIONS_H

#include "reconcile/manager.h"
#include "runtime/log.h"
#include "targets/aws/credentials.h"

struct options {
        struct manager_options manager;
        struct aws_environment aws; /* the flag; main.c adds what the environment says */
        const char *kubeconfig; /* NULL: $KUBECONFIG, in-cluster, ~/.kube/config */
        const char *context;
        const char *metrics_address;
        const char *health_address;
        enum log_level log_level;
        enum log_encoding log_encoding;
        bool print_rules;
        const char *flag_apart; /* while it is parsed: a flag whose value stands apart from it; NULL: none */
};

/* Exits for --help, --version and bad usage. */
void options_parse(int argc, char **argv, struct options *ret);

#endif
