/* metrics.c -- counters, gauges and histograms in Prometheus' text format. */
#include "runtime/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/metrics_process.h"
#include "util/mem.h"
#include "util/text.h"

/* A bug that puts something unbounded into a label must not eat the memory: 2,000 planes with five checks each fit. */
enum { CHILDREN_MAX = 20000, SLOTS_AT_FIRST = 8 };
#define HASH_START UINT64_C(0xcbf29ce484222325)

struct metric_child {
        struct metric_family *family;
        struct metric_child *next;         /* in the order of the page */
        struct metric_child *next_in_slot; /* of the family's hash table */
        double value;                      /* of a histogram: the sum */
        uint64_t buckets[]; /* of a histogram, not cumulative, +Inf last; the label values follow, each with its NUL */
};

static struct metric_family *families;

void metrics_register(struct metric_family *family)
{
        struct metric_family **end = &families;
        for (; *end; end = &(*end)->next)
                if (*end == family)
                        return;
        *end = family;
}

static size_t label_count(const struct metric_family *family)
{
        size_t count = 0;
        while (count < METRIC_LABELS_MAX && family->labels[count])
                count++;
        return count;
}

static size_t buckets_of(const struct metric_family *family)
{
        return family->type == METRIC_HISTOGRAM ? family->bucket_count + 1 : 0;
}

static const char *label_values(const struct metric_child *child)
{
        return (const char *)(child->buckets + buckets_of(child->family));
}

/* FNV-1a over the values and their NULs. */
static uint64_t hash_on(uint64_t hash, const char *value)
{
        for (;; value++) {
                hash = (hash ^ (unsigned char)*value) * 0x100000001b3u;
                if (!*value)
                        return hash;
        }
}

static uint64_t hash_values(const char *const values[], size_t count)
{
        uint64_t hash = HASH_START;
        for (size_t i = 0; i < count; i++)
                hash = hash_on(hash, values[i]);
        return hash;
}

static uint64_t hash_of(const struct metric_child *child)
{
        uint64_t hash = HASH_START;
        const char *value = label_values(child);
        for (size_t i = 0; i < label_count(child->family); i++, value += strlen(value) + 1)
                hash = hash_on(hash, value);
        return hash;
}

static bool has_values(const struct metric_child *child, const char *const values[], size_t count)
{
        const char *have = label_values(child);
        for (size_t i = 0; i < count; i++, have += strlen(have) + 1)
                if (strcmp(have, values[i]) != 0)
                        return false;
        return true;
}

static struct metric_child *new_child(struct metric_family *family, const char *const values[], size_t count)
{
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
                bytes += strlen(values[i]) + 1;
        struct metric_child *child =
                mem_calloc(1, sizeof(*child) + buckets_of(family) * sizeof(child->buckets[0]) + bytes);
        child->family = family;
        char *to = (char *)(child->buckets + buckets_of(family));
        for (size_t i = 0; i < count; i++) {
                size_t length = strlen(values[i]) + 1;
                memcpy(to, values[i], length);
                to += length;
        }
        return child;
}

/* A power of two, so that the low bits of the hash are the slot. */
static struct metric_child **slot_of(const struct metric_family *family, uint64_t hash)
{
        return &family->slots[hash & (family->slot_count - 1)];
}

static void put_in_slot(struct metric_child *child, uint64_t hash)
{
        struct metric_child **slot = slot_of(child->family, hash);
        child->next_in_slot = *slot;
        *slot = child;
}

/* One slot for each child at the least, so that a search looks at one or two. */
static void reserve_slot(struct metric_family *family)
{
        if (family->child_count < family->slot_count)
                return;
        family->slot_count = family->slot_count ? family->slot_count * 2 : SLOTS_AT_FIRST;
        free(family->slots);
        family->slots = mem_calloc(family->slot_count, sizeof(struct metric_child *));
        for (struct metric_child *child = family->children; child; child = child->next)
                put_in_slot(child, hash_of(child));
}

static void append(struct metric_family *family, struct metric_child *child)
{
        *(family->last ? &family->last->next : &family->children) = child;
        family->last = child;
        family->child_count++;
}

static struct metric_child *find_child(const struct metric_family *family, const char *const values[], size_t count,
                                       uint64_t hash)
{
        struct metric_child *child = family->slot_count ? *slot_of(family, hash) : NULL;
        while (child && !has_values(child, values, count))
                child = child->next_in_slot;
        return child;
}

struct metric_child *metrics_child(struct metric_family *family, const char *const values[])
{
        static const char *const overflow[METRIC_LABELS_MAX] = {"overflow", "overflow", "overflow", "overflow"};
        size_t count = label_count(family);
        uint64_t hash = hash_values(values, count);
        struct metric_child *child = find_child(family, values, count, hash);
        if (child)
                return child;
        if (family->child_count >= CHILDREN_MAX && values != overflow)
                return metrics_child(family, overflow);
        reserve_slot(family);
        child = new_child(family, values, count);
        append(family, child);
        put_in_slot(child, hash);
        return child;
}

void metric_add(struct metric_child *child, double amount)
{
        INVARIANT(child->family->type != METRIC_COUNTER || amount >= 0);
        child->value += amount;
}

void metric_set(struct metric_child *child, double value)
{
        child->value = value;
}

void metric_observe(struct metric_child *child, double value)
{
        const struct metric_family *family = child->family;
        size_t i = 0;
        while (i < family->bucket_count && value > family->buckets[i])
                i++;
        child->buckets[i]++;
        child->value += value;
}

static const char *label_value(const struct metric_child *child, size_t index)
{
        const char *value = label_values(child);
        while (index-- > 0)
                value += strlen(value) + 1;
        return value;
}

static void take_from_slot(struct metric_child *child)
{
        struct metric_child **at = slot_of(child->family, hash_of(child));
        while (*at != child)
                at = &(*at)->next_in_slot;
        *at = child->next_in_slot;
}

void metrics_forget(struct metric_family *family, const char *label, const char *value)
{
        size_t index = 0;
        while (index < METRIC_LABELS_MAX && !text_equal(family->labels[index], label))
                index++;
        INVARIANT(index < METRIC_LABELS_MAX);
        struct metric_child *child = family->children;
        family->children = family->last = NULL;
        family->child_count = 0;
        for (struct metric_child *next; child; child = next) {
                next = child->next;
                child->next = NULL;
                if (strcmp(label_value(child, index), value) != 0) {
                        append(family, child);
                        continue;
                }
                take_from_slot(child);
                free(child);
        }
}

void metrics_forget_all(struct metric_family *family)
{
        for (struct metric_child *child = family->children, *next; child; child = next) {
                next = child->next;
                free(child);
        }
        free(family->slots);
        family->slots = NULL;
        family->slot_count = family->child_count = 0;
        family->children = family->last = NULL;
}

/* ---- the page ---- */

static void print_escaped(struct strbuf *page, const char *text)
{
        size_t count = strlen(text);
        for (size_t at = 0; at < count;) {
                size_t step = text_utf8_step(text + at, count - at);
                if (step == 0)
                        (void)strbuf_append_text(page, "\xEF\xBF\xBD");
                else if (text[at] == '\n')
                        (void)strbuf_append_text(page, "\\n");
                else if (text[at] == '"' || text[at] == '\\')
                        (void)strbuf_printf(page, "\\%c", text[at]);
                else
                        (void)strbuf_append(page, text + at, step);
                at += step ? step : 1;
        }
}

/* {a="x",b="y"} or, for a bucket, {a="x",b="y",le="0.5"}; nothing where there is no label. */
static void print_labels(struct strbuf *page, const struct metric_child *child, const char *le)
{
        const char *value = label_values(child);
        const char *before = "{";
        for (size_t i = 0; i < label_count(child->family); i++, value += strlen(value) + 1) {
                (void)strbuf_printf(page, "%s%s=\"", before, child->family->labels[i]);
                print_escaped(page, value);
                (void)strbuf_append_char(page, '"');
                before = ",";
        }
        if (le)
                (void)strbuf_printf(page, "%sle=\"%s\"", before, le);
        if (le || label_count(child->family) > 0)
                (void)strbuf_append_char(page, '}');
}

static void print_count(struct strbuf *page, const struct metric_child *child, const char *le, uint64_t count)
{
        (void)strbuf_printf(page, "%s_%s", child->family->name, le ? "bucket" : "count");
        print_labels(page, child, le);
        (void)strbuf_printf(page, " %" PRIu64 "\n", count);
}

static void print_value(struct strbuf *page, const struct metric_child *child, const char *suffix)
{
        char number[METRICS_NUMBER_BYTES];
        (void)strbuf_printf(page, "%s%s", child->family->name, suffix);
        print_labels(page, child, NULL);
        (void)strbuf_printf(page, " %s\n", metrics_number(child->value, number));
}

static void print_child(struct strbuf *page, const struct metric_child *child)
{
        const struct metric_family *family = child->family;
        if (family->type != METRIC_HISTOGRAM) {
                print_value(page, child, "");
                return;
        }
        uint64_t below = 0;
        for (size_t i = 0; i < family->bucket_count; i++) {
                char le[METRICS_NUMBER_BYTES];
                below += child->buckets[i];
                print_count(page, child, metrics_number(family->buckets[i], le), below);
        }
        below += child->buckets[family->bucket_count];
        print_count(page, child, "+Inf", below);
        print_value(page, child, "_sum");
        print_count(page, child, NULL, below);
}

void metrics_print(struct strbuf *page)
{
        static const char *const types[] = {"counter", "gauge", "histogram"};
        for (const struct metric_family *family = families; family; family = family->next) {
                metrics_print_head(page, family->name, family->help, types[family->type]);
                for (const struct metric_child *child = family->children; child; child = child->next)
                        print_child(page, child);
        }
        metrics_print_process(page);
}
