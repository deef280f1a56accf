/* route53_index.c -- all sets of a hosted zone, to be found by name. */
#include "targets/dns/route53_index.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        PAGE_SETS = 300,
        KNOWN_FOR_MS = 300000,
        PAGES_AT_ONCE = 3,  /* the service takes five requests at once, and others of the account ask, too */
        PAGE_EVERY_MS = 200 /* then, as its rate allows */
};

static int compare(const void *a, const void *b)
{
        const struct route53_indexed *left = a, *right = b;
        return strcmp(left->name, right->name);
}

static void add_page(struct route53_index *index, const struct route53_sets *sets)
{
        index->list = mem_realloc(index->list, index->count + sets->count + 1, sizeof(*index->list));
        for (size_t i = 0; i < sets->count; i++) {
                char name[ROUTE53_NAME_BYTES];
                if (!route53_name_plain(sets->list[i].name, name, sizeof(name)))
                        continue; /* such a name is nobody's */
                index->list[index->count++] =
                    (struct route53_indexed){arena_strdup(&index->arena, name), &sets->list[i]};
        }
}

static enum err take_page(struct route53_index *index, const struct xml_node *root, struct route53_start_at *next,
                          struct errmsg *reterr)
{
        struct route53_sets sets = {0};
        enum err err = route53_answer_sets(root, &index->arena, &sets, reterr);
        if (err != ERR_OK)
                return err;
        add_page(index, &sets);
        *next = (struct route53_start_at){.name = xml_text(root, "NextRecordName"),
                                          .type = xml_text(root, "NextRecordType"),
                                          .identifier = xml_text(root, "NextRecordIdentifier")};
        return ERR_OK;
}

/* A list that would take more requests than the names by themselves is not begun, as far as the last one tells. */
static bool is_worth_it(const struct route53 *self, const char *zone_id, size_t most)
{
        const bool is_known = text_equal(self->listed_zone, zone_id) && clock_mono() - self->listed_at < KNOWN_FOR_MS;
        return most >= (is_known ? self->listed_pages : 2);
}

/* @pages: more than are ever asked for where the list cannot be had, so that the names are read by themselves. */
static void note_pages(struct route53 *self, const char *zone_id, size_t pages)
{
        (void)TEXT_COPY(self->listed_zone, zone_id);
        self->listed_pages = pages;
        self->listed_at = clock_mono();
}

/* A burst of pages would be throttled. */
static void pace(size_t page)
{
        static const struct timespec wait = {.tv_nsec = PAGE_EVERY_MS * 1000000L};
        if (page >= PAGES_AT_ONCE)
                (void)nanosleep(&wait, NULL);
}

enum err route53_index_zone(struct route53 *self, const char *zone_id, size_t most, mono_ms deadline,
                            struct route53_index *ret, bool *ret_whole, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        const size_t pages = most < ROUTE53_INDEX_PAGES ? most : ROUTE53_INDEX_PAGES;
        const mono_ms half = clock_mono() + (deadline - clock_mono()) / 2; /* the rest is for names by themselves */
        struct route53_start_at next = {0};
        *ret_whole = false;
        if (!is_worth_it(self, zone_id, pages))
                return ERR_OK;
        for (size_t page = 0; page < pages && !*ret_whole && clock_mono() < half; page++) {
                struct aws_answer *answer = &ret->answers[page];
                pace(page);
                enum err err =
                    route53_list_page(self, zone_id, &next, PAGE_SETS, deadline, answer, ret_retry_ms, reterr);
                if (err == ERR_OK)
                        err = take_page(ret, answer->xml.root, &next, reterr);
                if (err != ERR_OK && clock_mono() >= half)
                        note_pages(self, zone_id, ROUTE53_INDEX_PAGES + 1);
                if (err != ERR_OK)
                        return err;
                *ret_whole = !route53_answer_goes_on(answer->xml.root);
                if (*ret_whole)
                        note_pages(self, zone_id, page + 1);
                if (!*ret_whole && (!next.name || !next.type))
                        return err_set(reterr, ERR_TRANSIENT, "Route 53, hosted zone %s: the list of sets breaks off",
                                       zone_id);
        }
        if (!*ret_whole)
                note_pages(self, zone_id, clock_mono() < half ? pages + 1 : ROUTE53_INDEX_PAGES + 1);
        if (ret->count)
                qsort(ret->list, ret->count, sizeof(*ret->list), compare);
        return ERR_OK;
}

/* Appends the sets of @name to @sets, which has room. */
static void append(const struct route53_index *index, const char *name, struct route53_sets *sets)
{
        size_t from = 0, to = index->count;
        while (from < to) {
                const size_t middle = from + (to - from) / 2;
                if (strcmp(index->list[middle].name, name) < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        for (; from < index->count && strcmp(index->list[from].name, name) == 0; from++)
                sets->list[sets->count++] = *index->list[from].set;
}

static size_t count_of(const struct route53_index *index, const char *name)
{
        struct route53_indexed key = {.name = (char *)name}; /* it is only read */
        const struct route53_indexed *one =
            index->count ? bsearch(&key, index->list, index->count, sizeof(key), compare) : NULL;
        if (!one)
                return 0;
        const struct route53_indexed *first = one, *last = one, *end = index->list + index->count;
        while (first > index->list && strcmp(first[-1].name, name) == 0)
                first--;
        while (last + 1 < end && strcmp(last[1].name, name) == 0)
                last++;
        return (size_t)(last - first) + 1;
}

struct route53_sets route53_index_find(const struct route53_index *index, struct arena *arena, const char *name,
                                       const char *other)
{
        const size_t room = count_of(index, name) + (other ? count_of(index, other) : 0);
        struct route53_sets sets = {.list = arena_alloc(arena, (room + 1) * sizeof(*sets.list))};
        append(index, name, &sets);
        if (other)
                append(index, other, &sets);
        return sets;
}

void route53_index_clear(struct route53_index *index)
{
        for (size_t i = 0; i < ROUTE53_INDEX_PAGES; i++)
                aws_answer_clear(&index->answers[i]);
        arena_deinit(&index->arena);
        free(index->list);
        *index = (struct route53_index){0};
}
