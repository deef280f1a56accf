/* trouble.c -- retries that go on failing: log, /readyz and metric. */
#include "reconcile/trouble.h"

#include <string.h>

#include "reconcile/manager.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

/* A trouble of one object among many ends after STALE_MS without a try: the object may be gone, or not be in use. */
enum { WORDS_EVERY_MS = 60000, STALE_MS = 120000 };

#define TROUBLE_ROW(name, text, is_grave, is_of_many) [name] = {text, is_grave, is_of_many},
static const struct {
        const char *name;
        bool is_grave, is_of_many;
} rows[] = {TROUBLE_LIST(TROUBLE_ROW)};

static struct metric_family retrying = {.name = "planekeeper_retrying",
                                        .help = "1 while something is tried again because it did not work, by what",
                                        .type = METRIC_GAUGE,
                                        .labels = {"what"}};

const char *trouble_name(enum trouble_what kind)
{
        return rows[kind].name;
}

void trouble_setup(void)
{
        metrics_register(&retrying);
        for (size_t i = 0; i < TROUBLE_COUNT; i++)
                metric_set(METRIC(&retrying, rows[i].name), 0);
}

void trouble_note(struct manager *manager, enum trouble_what kind, const void *owner, const char *why)
{
        struct trouble_entry *trouble = &manager->troubles[kind];
        /* The first object in trouble stands for all: its recovery ends the entry, and the next failure begins a new
         * one. */
        if (trouble->is_there && trouble->owner != owner)
                return;
        mono_ms now = loop_now(manager->loop);
        bool is_news = strcmp(trouble->why.text, why) != 0 && now - trouble->logged_at >= WORDS_EVERY_MS;
        if (!trouble->is_there)
                *trouble = (struct trouble_entry){.is_there = true, .owner = owner, .since = now};
        trouble->noted_at = now;
        if (trouble->logged_at && !is_news)
                return;
        trouble->logged_at = now;
        (void)err_set(&trouble->why, ERR_TRANSIENT, "%s", why);
        metric_set(METRIC(&retrying, rows[kind].name), 1);
        log_line(LOG_WARN, "manager", "it does not work, trying again", LOG_TEXT_FIELD("what", rows[kind].name),
                 LOG_TEXT_FIELD("error", why));
}

void trouble_over(struct manager *manager, enum trouble_what kind, const void *owner)
{
        struct trouble_entry *trouble = &manager->troubles[kind];
        if (!trouble->is_there || trouble->owner != owner)
                return;
        log_line(LOG_INFO, "manager", "it works again, or is not tried any more",
                 LOG_TEXT_FIELD("what", rows[kind].name),
                 LOG_NUMBER_FIELD("after_ms", loop_now(manager->loop) - trouble->since));
        metric_set(METRIC(&retrying, rows[kind].name), 0);
        *trouble = (struct trouble_entry){0};
}

void trouble_forget(struct manager *manager, const void *owner)
{
        for (size_t i = 0; i < TROUBLE_COUNT; i++)
                trouble_over(manager, (enum trouble_what)i, owner);
}

void trouble_stop_leading(struct manager *manager)
{
        static const enum trouble_what kinds[] = {TROUBLE_RECORDS, TROUBLE_POLICY_READ, TROUBLE_STATUS};
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                trouble_over(manager, kinds[i], manager->troubles[kinds[i]].owner);
}

void trouble_tick(struct manager *manager)
{
        for (size_t i = 0; i < TROUBLE_COUNT; i++)
                if (rows[i].is_of_many && loop_now(manager->loop) - manager->troubles[i].noted_at >= STALE_MS)
                        trouble_over(manager, (enum trouble_what)i, manager->troubles[i].owner);
}

bool trouble_lasts(const struct manager *manager, enum trouble_what kind)
{
        const struct trouble_entry *trouble = &manager->troubles[kind];
        return trouble->is_there && loop_now(manager->loop) - trouble->since >= manager->options.lease_ms;
}

bool trouble_print(const struct manager *manager, struct strbuf *ret)
{
        bool is_good = true;
        for (size_t i = 0; i < TROUBLE_COUNT; i++) {
                if (!trouble_lasts(manager, (enum trouble_what)i))
                        continue;
                (void)strbuf_printf(ret, "%s: %s\n", rows[i].name, manager->troubles[i].why.text);
                is_good = is_good && !rows[i].is_grave;
        }
        return is_good;
}
