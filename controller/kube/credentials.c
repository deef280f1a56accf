/* credentials.c -- the client's credentials for one API server, kept fresh. */
#include "kube/credentials.h"

#include <stdlib.h>

#include "kube/exec.h"
#include "runtime/file.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        TOKEN_FILE_EVERY_MS = 60 * 1000,
        TOKEN_FILE_AGAIN_MS = 1000, /* at most so often, however many calls are refused */
        TOKEN_WAIT_MS = 2000, /* then the present token is tried again: the mount may hang, and the token be good */
        FILES_AT_ONCE = 2,    /* of one file: a mount that hangs does not hold all workers */
        EXEC_TIMEOUT_MS = 10 * 1000,
        EXEC_AGAIN_MS = 5 * 1000,  /* at most so often, whatever the server says */
        EXEC_AHEAD_MS = 60 * 1000, /* a new one is fetched so long before the old one expires */
};

struct credentials {
        struct loop *loop;
        struct executor *executor;
        struct kube_config config;
        void (*changed)(void *ctx);
        void *ctx;

        struct secret token;
        struct credentials_tls *tls;
        uint64_t generation;
        bool is_orphaned; /* closed while a job runs: done() frees */

        /* The token file: it may be on a mount that hangs. */
        struct job token_job;
        bool is_reading;
        bool waits_for_token;  /* the present one was refused */
        struct loop_timer token_wait;
        mono_ms token_read_at; /* when it was last read, or begun to be */
        mono_ms token_refused_at; /* when it was last read because of a 401; 0 never */
        /* The job's own while it runs. */
        enum err token_err;
        struct secret fresh_token;

        /* The rest: exec plugin. */
        struct job job;
        bool is_running;
        bool has_credential;
        mono_ms ran_at;     /* when the last run ended, 0 never */
        mono_ms expires_at; /* MONO_NEVER where it did not say */
        enum err err;       /* of the last run */
        struct errmsg why;
        /* The job's own while it runs. */
        enum err job_err;
        struct errmsg job_why;
        struct secret job_output;
};

static struct credentials_tls *new_tls(const struct kube_config *config)
{
        struct credentials_tls *shared = mem_new(shared);
        secret_copy(&shared->tls.ca, &config->tls.ca);
        shared->tls.server_name = config->tls.server_name ? mem_strdup(config->tls.server_name) : NULL;
        shared->tls.insecure = config->tls.insecure;
        shared->users = 1;
        return shared;
}

void credentials_tls_unref(struct credentials_tls *shared)
{
        if (!shared || --shared->users > 0)
                return;
        http_tls_clear(&shared->tls);
        free(shared);
}

struct credentials_tls *credentials_tls_ref(struct credentials *credentials)
{
        credentials->tls->users++;
        return credentials->tls;
}

static void on_token_wait(struct loop_timer *timer)
{
        struct credentials *c = CONTAINER_OF(timer, struct credentials, token_wait);
        c->waits_for_token = false;
        c->changed(c->ctx);
}

struct credentials *credentials_open(struct loop *loop, struct executor *executor, struct kube_config *config,
                                     void (*changed)(void *ctx), void *ctx)
{
        struct credentials *c = mem_new(c);
        INVARIANT(!config->exec || executor);
        c->loop = loop;
        c->executor = executor;
        c->changed = changed;
        c->ctx = ctx;
        c->config = *config;
        *config = (struct kube_config){0};
        c->tls = new_tls(&c->config);
        secret_copy(&c->tls->tls.certificate, &c->config.tls.certificate);
        secret_copy(&c->tls->tls.key, &c->config.tls.key);
        secret_copy(&c->token, &c->config.token);
        c->generation = 1;
        c->token_read_at = loop_now(loop); /* the configuration was read just now */
        c->token_wait.due = on_token_wait;
        c->expires_at = MONO_NEVER;
        return c;
}

static void destroy(struct credentials *c)
{
        kube_config_clear(&c->config);
        secret_clear(&c->token);
        secret_clear(&c->job_output);
        secret_clear(&c->fresh_token);
        credentials_tls_unref(c->tls);
        free(c);
}

static bool is_busy(const struct credentials *c)
{
        return c->is_running || c->is_reading;
}

/* A job cannot be cancelled, so closed credentials live on until it ends; true: they are freed now. */
static bool is_gone(struct credentials *c)
{
        if (c->is_orphaned && !is_busy(c))
                destroy(c);
        else
                return c->is_orphaned;
        return true;
}

void credentials_close(struct credentials *c)
{
        if (c)
                loop_timer_stop(c->loop, &c->token_wait);
        if (c && is_busy(c))
                c->is_orphaned = true;
        else if (c)
                destroy(c);
}

static void read_token(struct job *job)
{
        struct credentials *c = CONTAINER_OF(job, struct credentials, token_job);
        c->token_err = file_read_token(c->config.token_file, &c->fresh_token, NULL);
}

/* True where the file holds another token than before. A file that cannot be read leaves the old one in force: it may
 * work still. */
static bool take_token(struct credentials *c)
{
        bool is_new = c->token_err == ERR_OK && !secret_equal(&c->fresh_token, &c->token);
        c->token_read_at = loop_now(c->loop);
        if (is_new) {
                secret_copy(&c->token, &c->fresh_token);
                c->generation++;
        }
        secret_clear(&c->fresh_token);
        return is_new;
}

static void on_token_read(struct job *job)
{
        struct credentials *c = CONTAINER_OF(job, struct credentials, token_job);
        c->is_reading = c->waits_for_token = false;
        if (is_gone(c))
                return;
        loop_timer_stop(c->loop, &c->token_wait);
        (void)take_token(c);
        c->changed(c->ctx);
}

/* True where a newer token is here, or may be on its way. */
static bool reread_token(struct credentials *c)
{
        if (c->is_reading)
                return true;
        c->token_read_at = loop_now(c->loop);
        if (!c->executor) {
                read_token(&c->token_job);
                return take_token(c);
        }
        c->token_job = (struct job){.run = read_token,
                                    .done = on_token_read,
                                    .group = text_hash(c->config.token_file),
                                    .group_max = FILES_AT_ONCE};
        c->is_reading = executor_submit(c->executor, &c->token_job);
        return c->is_reading;
}

static void take_credential(struct credentials *c, struct exec_credential *credential)
{
        secret_copy(&c->token, &credential->token);
        if (!secret_is_empty(&credential->certificate)) {
                credentials_tls_unref(c->tls);
                c->tls = new_tls(&c->config);
                secret_copy(&c->tls->tls.certificate, &credential->certificate);
                secret_copy(&c->tls->tls.key, &credential->key);
        }
        c->expires_at = credential->expires ? loop_now(c->loop) + (credential->expires - clock_wall()) : MONO_NEVER;
        c->has_credential = true;
        c->generation++;
}

static void run_plugin(struct job *job)
{
        struct credentials *c = CONTAINER_OF(job, struct credentials, job);
        c->job_err = exec_run(&c->config, clock_mono() + EXEC_TIMEOUT_MS, &c->job_output, &c->job_why);
}

static void on_plugin_done(struct job *job)
{
        struct credentials *c = CONTAINER_OF(job, struct credentials, job);
        c->is_running = false;
        if (is_gone(c))
                return;
        struct exec_credential credential = {0};
        c->ran_at = loop_now(c->loop);
        c->err = c->job_err;
        c->why = c->job_why;
        if (c->err == ERR_OK)
                c->err = exec_parse(c->config.exec, &c->job_output, &credential, &c->why);
        if (c->err == ERR_OK)
                take_credential(c, &credential);
        exec_credential_clear(&credential);
        secret_clear(&c->job_output);
        c->changed(c->ctx);
}

static void start_plugin(struct credentials *c)
{
        if (c->is_running)
                return;
        c->job = (struct job){.run = run_plugin, .done = on_plugin_done};
        c->is_running = executor_submit(c->executor, &c->job);
        if (c->is_running)
                return;
        c->ran_at = loop_now(c->loop);
        c->err = err_set(&c->why, ERR_TRANSIENT, "exec plugin %.60s: too many jobs wait", c->config.exec->command);
}

static bool may_run(const struct credentials *c)
{
        return c->ran_at == 0 || loop_now(c->loop) - c->ran_at >= EXEC_AGAIN_MS;
}

/* The plugin runs a minute before the credential expires, while the old one still serves; calls wait only where there
 * is no valid one. */
static enum credentials_state exec_state(struct credentials *c)
{
        mono_ms now = loop_now(c->loop);
        bool is_valid = c->has_credential && now < c->expires_at;
        bool is_ageing = !c->has_credential || (c->expires_at != MONO_NEVER && now >= c->expires_at - EXEC_AHEAD_MS);
        if (is_ageing && may_run(c))
                start_plugin(c);
        if (is_valid)
                return CREDENTIALS_READY;
        return c->is_running ? CREDENTIALS_WAIT : CREDENTIALS_FAILED;
}

enum credentials_state credentials_state(struct credentials *c)
{
        if (c->config.exec)
                return exec_state(c);
        if (c->config.token_file && loop_now(c->loop) - c->token_read_at >= TOKEN_FILE_EVERY_MS)
                (void)reread_token(c);
        return c->waits_for_token ? CREDENTIALS_WAIT : CREDENTIALS_READY;
}

enum err credentials_error(const struct credentials *c, struct errmsg *reterr)
{
        if (c->err == ERR_OK)
                return err_set(reterr, ERR_DENIED,
                               "exec plugin %.60s: its credential has expired already when it comes; check the clock",
                               c->config.exec->command);
        return err_set(reterr, c->err, "%s", c->why.text);
}

enum err credentials_late(const struct credentials *c, struct errmsg *reterr)
{
        if (c->config.exec)
                return err_set(reterr, ERR_TRANSIENT, "no credentials in time: the exec plugin did not answer");
        return err_set(reterr, ERR_TRANSIENT, "no credentials in time: reading token file %.160s takes too long",
                       c->config.token_file);
}

bool credentials_refused(struct credentials *c, uint64_t generation)
{
        if (generation != c->generation)
                return true; /* the refused one was replaced already */
        if (c->config.exec && (c->is_running || may_run(c))) {
                c->has_credential = false;
                start_plugin(c);
                return c->is_running;
        }
        mono_ms now = loop_now(c->loop);
        /* A call waits once for a read of the file, even one that began before the refusal: a hung mount ends none. */
        bool is_fresh = c->executor && c->token_refused_at &&
                        (c->is_reading ? c->token_refused_at >= c->token_read_at
                                       : now - c->token_refused_at < TOKEN_FILE_AGAIN_MS);
        if (c->waits_for_token)
                return true;
        if (!c->config.token_file || is_fresh || !reread_token(c))
                return false;
        c->token_refused_at = now;
        c->waits_for_token = c->is_reading;
        if (c->is_reading)
                loop_timer_set(c->loop, &c->token_wait, now + TOKEN_WAIT_MS);
        return true;
}

enum err credentials_explain(const struct credentials *c, enum err err, struct errmsg *why)
{
        if (!c->is_reading)
                return err;
        struct errmsg said = *why;
        return err_set(why, err, "%.200s; its token file %.160s is not read to the end: its mount may hang", said.text,
                       c->config.token_file);
}

const struct kube_config *credentials_config(const struct credentials *c)
{
        return &c->config;
}

const struct secret *credentials_token(const struct credentials *c)
{
        return &c->token;
}

uint64_t credentials_generation(const struct credentials *c)
{
        return c->generation;
}
